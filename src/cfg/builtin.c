/* The built-in templates: the YAML files of builtin/, compiled in. */
#include "cfg/builtin.h"

#include "cfg/cfg.h"

#include <string.h>

static const zg_builtin *find(const char *name)
{
    for (size_t i = 0; name != NULL && zg_builtins[i].name != NULL; i++)
        if (strcmp(zg_builtins[i].name, name) == 0)
            return &zg_builtins[i];
    return NULL;
}

const char *zagg_config_builtin(const char *name)
{
    const zg_builtin *b = find(name);
    return b != NULL ? b->text : NULL;
}

const char *zagg_config_builtin_compat(const char *name, zagg_compat compat)
{
    const zg_builtin *b = find(name);
    if (b == NULL)
        return NULL;
    return compat == ZAGG_COMPAT_0_11 ? b->text_0_11 : b->text;
}

const char *zagg_config_builtin_purpose(const char *name)
{
    const zg_builtin *b = find(name);
    return b != NULL ? b->purpose : NULL;
}

const char *const *zagg_config_builtin_names(void)
{
    return zg_builtin_names;
}
