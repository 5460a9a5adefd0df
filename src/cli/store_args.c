/* Opening the store that a command line names. */
#include "cli/store_args.h"

#include "base/base.h"
#include "cli/cli.h"

#include <string.h>
#include <sys/stat.h>

int cli_take_store(const cli_command *command, const char **path, const char *value)
{
    if (*path != NULL) {
        fprintf(stderr, "zagg %s: %s: one STORE only; see zagg %s --help\n",
                command->name, value, command->name);
        return EXIT_USAGE;
    }
    *path = value;
    return 0;
}

int cli_need_store(const cli_command *command)
{
    fprintf(stderr, "zagg %s: STORE is missing; see zagg %s --help\n", command->name,
            command->name);
    return EXIT_USAGE;
}

/* The path without the slashes at its end. */
static char *trimmed(const char *path)
{
    size_t len = strlen(path);
    while (len > 1 && path[len - 1] == '/')
        len--;
    return zg_strndup(path, len);
}

static bool is_folder(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

static zagg_status open_status(cli_store *s, const char *path, zagg_err *err)
{
    zg_str status;
    zg_str_init(&status, 0);
    zg_str_addf(&status, "%s.status", path);
    zagg_status rc = ZAGG_OK;
    if (status.failed)
        rc = zagg_err_set(err, ZAGG_ENOMEM, "no memory for a path");
    else if (is_folder(status.data))
        rc = zagg_sink_open_dir(status.data, &s->status, err);
    zg_str_free(&status);
    return rc;
}

/* Behind a network nobody is asked whether there is such a folder: what is read first
 * tells. */
static zagg_status open_remote(cli_store *s, const char *url, const net_args *net,
                               zagg_err *err)
{
    const char *slash = strrchr(url, '/');
    const bool in_bucket = slash > url + strlen("s3://");
    zg_str status;
    s->name = zg_strdup(slash + 1);
    if (s->name == NULL)
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory for a path");
    ZAGG_TRY(net_args_open(net, &s->net, err));
    ZAGG_TRY(zagg_net_open_sink(s->net, url, &s->sink, err));
    if (!in_bucket)
        return ZAGG_OK;
    zg_str_init(&status, 0);
    zg_str_addf(&status, "%s.status", url);
    const zagg_status rc = status.failed
                               ? zagg_err_set(err, ZAGG_ENOMEM, "no memory for a path")
                               : zagg_net_open_sink(s->net, status.data, &s->status, err);
    zg_str_free(&status);
    return rc;
}

zagg_status cli_store_open(cli_store *s, const char *path, const net_args *net,
                           zagg_err *err)
{
    *s = (cli_store){.sink = NULL};
    if (zagg_url_is_remote(path)) {
        char *url = trimmed(path);
        const zagg_status rc = url != NULL ? open_remote(s, url, net, err)
                                           : zagg_err_set(err, ZAGG_ENOMEM, "no memory");
        zg_free(url);
        return rc;
    }
    if (strncmp(path, "file://", 7) == 0)
        path += 7;
    char *folder = trimmed(path);
    if (folder == NULL)
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory for a path");
    const char *slash = strrchr(folder, '/');
    zagg_status status = ZAGG_OK;
    s->name = zg_strdup(slash != NULL ? slash + 1 : folder);
    if (s->name == NULL)
        status = zagg_err_set(err, ZAGG_ENOMEM, "no memory for a path");
    else if (!is_folder(folder))
        status = zagg_err_set(err, ZAGG_ENOTFOUND, "%s: there is no such folder", path);
    if (status == ZAGG_OK)
        status = zagg_sink_open_dir(folder, &s->sink, err);
    if (status == ZAGG_OK)
        status = open_status(s, folder, err);
    zg_free(folder);
    return status;
}

zagg_status cli_run_store(const char *asked, const zagg_pipeline *pipeline, char **out,
                          zagg_err *err)
{
    const char *path = asked != NULL ? asked : pipeline->output.store;
    const char *product = pipeline->output.product_name;
    if (path == NULL)
        return zagg_err_set(
            err, ZAGG_ECONFIG,
            "No store path specified (pass --store or set output.store: in "
            "config)");
    zg_str text;
    zg_str_init(&text, 1u << 16);
    zg_str_add(&text, path);
    if (product != NULL)
        zg_str_addf(&text, "%s%s", path[0] && path[strlen(path) - 1] == '/' ? "" : "/",
                    product);
    *out = zg_str_take(&text);
    return *out != NULL ? ZAGG_OK : zagg_err_set(err, ZAGG_ENOMEM, "out of memory");
}

void cli_store_close(cli_store *s)
{
    if (s->sink != NULL)
        zagg_sink_close(s->sink);
    if (s->status != NULL)
        zagg_sink_close(s->status);
    zagg_net_free(s->net);
    zg_free(s->name);
}

int cli_store_fail(const cli_command *command, zagg_status status, const zagg_err *err)
{
    fprintf(stderr, "zagg %s: ", command->name);
    cli_print_text(stderr, err->msg);
    fputc('\n', stderr);
    return cli_exit_code(status);
}

void cli_print_text(FILE *to, const char *text)
{
    for (const char *c = text; *c != '\0'; c++) {
        const unsigned char byte = (unsigned char)*c;
        if (byte < 0x20 || byte == 0x7f)
            fprintf(to, "\\x%02x", byte);
        else
            fputc(byte, to);
    }
}
