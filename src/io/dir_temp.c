/* Names of the temporary files in a directory store. */
#include "io/dir.h"

#include <inttypes.h>
#include <string.h>

/* Of a long object name only this much goes into the temporary one (NAME_MAX is 255). */
enum { TEMP_NAME_BYTES = 200 };

void zg_dir_temp_path(zg_str *out, const char *path, long pid, uint64_t number)
{
    const char *slash = strrchr(path, '/');
    const char *name = slash == NULL ? path : slash + 1;
    size_t name_len = strlen(name);
    if (name_len > TEMP_NAME_BYTES)
        name_len = zg_utf8_floor(name, TEMP_NAME_BYTES);
    zg_str_addn(out, path, (size_t)(name - path));
    zg_str_addc(out, '.');
    zg_str_addn(out, name, name_len);
    zg_str_addf(out, ".%ld.%" PRIu64 ".tmp", pid, number);
}

/* Position of the '.' before the digits that end at `end`; 0 when there is no such thing.
 */
static size_t dot_before_digits(const char *name, size_t end)
{
    size_t at = end;
    while (at > 0 && name[at - 1] >= '0' && name[at - 1] <= '9')
        at--;
    return at < end && at > 0 && name[at - 1] == '.' ? at - 1 : 0;
}

bool zg_dir_is_temp_name(const char *name)
{
    static const char suffix[] = ".tmp";
    size_t len = strlen(name), suffix_len = sizeof suffix - 1;
    if (name[0] != '.' || len <= suffix_len ||
        strcmp(name + len - suffix_len, suffix) != 0)
        return false;
    size_t number_dot = dot_before_digits(name, len - suffix_len);
    return number_dot > 0 && dot_before_digits(name, number_dot) > 1;
}
