/* What kind of text names a CRS, and which texts are refused before PROJ sees them. */
#include "grid/crs.h"

#include "base/base.h"

#include <stddef.h>
#include <string.h>
#include <strings.h>

static bool starts_with(const char *text, const char *prefix)
{
    return strncasecmp(text, prefix, strlen(prefix)) == 0;
}

static bool is_number(const char *text)
{
    return text[0] != '\0' && text[strspn(text, "0123456789")] == '\0';
}

static const char *find_lower(const char *text, const char *word)
{
    const size_t len = strlen(word);
    for (; *text != '\0'; text++)
        if (strncasecmp(text, word, len) == 0)
            return text;
    return NULL;
}

/* A PROJ string is words of key=value, proj= among them. */
static bool is_proj_string(const char *text)
{
    return strchr(text, '[') == NULL && text[0] != '{' && strstr(text, "proj=") != NULL;
}

char *zg_crs_id(const char *text)
{
    zg_str id;
    zg_str_init(&id, 2 * ZG_CRS_MAX_TEXT);
    if (is_number(text))
        zg_str_addf(&id, "EPSG:%s", text);
    else if (starts_with(text, "EPSG:"))
        for (const char *c = text; *c != '\0'; c++)
            zg_str_addc(&id, *c >= 'a' && *c <= 'z' ? (char)(*c - 'a' + 'A') : *c);
    else
        zg_str_add(&id, text);
    if (is_proj_string(text) && strstr(text, "type=crs") == NULL)
        zg_str_add(&id, strchr(text, '+') != NULL ? " +type=crs" : " type=crs");
    char *out = id.failed ? NULL : zg_strdup(id.data);
    zg_str_free(&id);
    return out;
}

const char *zg_crs_shown(const char *text, char out[96])
{
    size_t n = 0;
    for (; text[n] != '\0' && n < 80; n++)
        out[n] = (unsigned char)text[n] < ' ' ? ' ' : text[n];
    strcpy(out + n, text[n] == '\0' ? "" : "...");
    return out;
}

/* Words by which a CRS asks for files. PROJ would pass over a grid that it cannot open
 * and give other coordinates instead. */
static const char *file_word(const char *text)
{
    static const char *const WORDS[] = {
        "init=", "grids=", "file=", "model=", "catalog=", "PARAMETERFILE["};
    static const char NO_GRID[] = "@null";
    for (size_t k = 0; k < sizeof WORDS / sizeof WORDS[0]; k++)
        for (const char *at = text; (at = find_lower(at, WORDS[k])) != NULL;) {
            at += strlen(WORDS[k]);
            if (!starts_with(at, NO_GRID) ||
                strchr(" \t\"", at[sizeof NO_GRID - 1]) == NULL)
                return WORDS[k];
        }
    return NULL;
}

zagg_status zg_crs_check_text(const char *text, zagg_err *err)
{
    char shown[96];
    if (strnlen(text, ZG_CRS_MAX_TEXT) == ZG_CRS_MAX_TEXT)
        return zagg_err_set(err, ZAGG_ECONFIG,
                            "output.grid.crs: '%s' has more than %d characters; write an "
                            "authority code such as EPSG:4326",
                            zg_crs_shown(text, shown), ZG_CRS_MAX_TEXT);
    const char *word = file_word(text);
    if (word != NULL)
        return zagg_err_set(err, ZAGG_EUNSUPPORTED,
                            "output.grid.crs: '%s' asks for a file (%.*s); zagg uses no "
                            "init files or grids: write an authority code such as "
                            "EPSG:4326",
                            zg_crs_shown(text, shown), (int)strcspn(word, "=["), word);
    if (is_proj_string(text) && strstr(text, "proj=pipeline") != NULL)
        return zagg_err_set(err, ZAGG_ECONFIG,
                            "output.grid.crs: '%s' is a sequence of steps and names no "
                            "coordinate reference system",
                            zg_crs_shown(text, shown));
    return ZAGG_OK;
}
