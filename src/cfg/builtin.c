/* The built-in templates: the YAML files of builtin/, compiled in. */
#include "cfg/builtin.h"

#include "cfg/cfg.h"

#include <string.h>

const char *zagg_config_builtin(const char *name)
{
    if (name == NULL)
        return NULL;
    for (size_t i = 0; zg_builtin_names[i] != NULL; i++)
        if (strcmp(zg_builtin_names[i], name) == 0)
            return zg_builtin_texts[i];
    return NULL;
}

const char *const *zagg_config_builtin_names(void)
{
    return zg_builtin_names;
}
