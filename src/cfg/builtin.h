/* What CMake generates from builtin/NAME.yaml: parallel, sorted, names NULL-terminated.
 */
#ifndef ZG_BUILTIN_H
#define ZG_BUILTIN_H

extern const char *const zg_builtin_names[];
extern const char *const zg_builtin_texts[];

#endif
