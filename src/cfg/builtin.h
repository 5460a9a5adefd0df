/* What tools/embed-templates makes of builtin/NAME.yaml. */
#ifndef ZG_BUILTIN_H
#define ZG_BUILTIN_H

typedef struct zg_builtin {
    const char *name;
    const char *purpose;   /* one line */
    const char *text;      /* YAML, as upstream 0.61 has it or zagg's own */
    const char *text_0_11; /* as 0.11 had it; NULL where it had none */
} zg_builtin;

/** Sorted by name; ended by a row without one. */
extern const zg_builtin zg_builtins[];
/** Their names, ended by NULL. */
extern const char *const zg_builtin_names[];

#endif
