/* What tools/embed-templates makes of builtin/NAME.yaml: parallel, sorted,
 * NULL-terminated. */
#ifndef ZG_BUILTIN_H
#define ZG_BUILTIN_H

extern const char *const zg_builtin_names[];
extern const char *const zg_builtin_texts[];

#endif
