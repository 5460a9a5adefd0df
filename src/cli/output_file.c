#include "cli/output_file.h"

#include "base/base.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

zagg_status cli_output_cannot(const char *what, const char *path, zagg_err *err)
{
    const int number = errno;
    const zagg_status status =
        zagg_err_set(err, ZAGG_EIO, "%s: cannot %s: %s", path, what, strerror(number));
    if (err != NULL)
        err->sys_errno = number;
    return status;
}

zagg_status cli_output_write(const char *path, cli_write_fn write, void *user,
                             zagg_err *err)
{
    zg_str temp;
    zg_str_init(&temp, 0);
    zg_str_addf(&temp, "%s.%ld.tmp", path, (long)getpid());
    if (temp.failed)
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory for a path");
    FILE *file = fopen(temp.data, "wb");
    zagg_status status = file != NULL ? ZAGG_OK : cli_output_cannot("create", path, err);
    if (file != NULL) {
        status = write(user, file, err);
        if (status == ZAGG_OK && (fflush(file) != 0 || fsync(fileno(file)) != 0))
            status = cli_output_cannot("write", path, err);
        if (fclose(file) != 0 && status == ZAGG_OK)
            status = cli_output_cannot("write", path, err);
        if (status == ZAGG_OK && rename(temp.data, path) != 0)
            status = cli_output_cannot("rename to", path, err);
        if (status != ZAGG_OK)
            (void)unlink(temp.data);
    }
    zg_str_free(&temp);
    return status;
}
