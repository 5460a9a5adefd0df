/* zagg h5 ls | cat | check: what an HDF5 file holds, by our own reader. */
#include "cli/cmd_h5.h"

#include "cli/cli.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const cli_option OPTIONS[] = {{0, NULL, NULL, NULL}};
static const cli_command COMMAND = {
    "h5", "h5 ls | cat | check FILE [...]",
    "Look into an HDF5 file as zagg reads it:\n"
    "  ls     its groups and datasets with shapes, chunks, filters and bytes\n"
    "  cat    values of a dataset\n"
    "  check  whether every chunk can be read and is sound\n"
    "`zagg h5 ls --help` and so on tell the options of each.",
    OPTIONS,
    "  zagg h5 ls ATL03.h5 /gt1l/heights\n"
    "  zagg h5 cat ATL03.h5 /gt1l/heights/h_ph -n 5\n"
    "  zagg h5 check ATL03.h5"};

static const struct {
    const char *name;
    int (*run)(int argc, char **argv);
} ACTIONS[] = {{"ls", h5_ls}, {"cat", h5_cat}, {"check", h5_check}};

static int take(void *user, int id, const char *value)
{
    (void)user;
    (void)id;
    fprintf(stderr, "zagg h5: %s: unknown command; there are ls, cat and check\n", value);
    return EXIT_USAGE;
}

int main_h5(int argc, char **argv)
{
    for (size_t i = 0; argc > 1 && i < sizeof ACTIONS / sizeof ACTIONS[0]; i++)
        if (strcmp(argv[1], ACTIONS[i].name) == 0)
            return ACTIONS[i].run(argc - 1, argv + 1);
    const int rc = cli_parse(&COMMAND, argc, argv, take, NULL);
    if (rc != 0)
        return rc == CLI_DONE ? EXIT_OK : rc;
    fprintf(stderr, "zagg h5: write `zagg h5 ls FILE`, `zagg h5 cat FILE DATASET` or "
                    "`zagg h5 check FILE`\n");
    return EXIT_USAGE;
}

/* ---- shared ---- */

zagg_status h5_file_open(h5_file *f, const char *path)
{
    *f = (h5_file){NULL, NULL, ZAGG_ERR_INIT};
    ZAGG_TRY(zagg_source_open_file(path, &f->source, &f->err));
    return zagg_h5_open(f->source, NULL, &f->h5, &f->err);
}

void h5_file_close(h5_file *f)
{
    zagg_h5_close(f->h5);
    zagg_source_close(f->source);
}

int h5_fail(const h5_file *f, const cli_command *command, zagg_status status)
{
    zg_str text;
    zg_str_init(&text, 0);
    h5_add_text(&text, f->err.msg);
    fprintf(stderr, "zagg %s: %s\n", command->name, text.data);
    zg_str_free(&text);
    return cli_exit_code(status);
}

int h5_take_path(const cli_command *command, const char **file, const char **path,
                 const char *value)
{
    const char **slot = !*file ? file : !*path ? path : NULL;
    if (slot) {
        *slot = value;
        return 0;
    }
    fprintf(stderr, "zagg %s: %s: unexpected argument\n", command->name, value);
    return EXIT_USAGE;
}

int h5_need(const cli_command *command, const char *value, const char *what)
{
    if (value)
        return 0;
    fprintf(stderr, "zagg %s: %s is needed; see zagg %s --help\n", command->name, what,
            command->name);
    return EXIT_USAGE;
}

void h5_add_text(zg_str *out, const char *text)
{
    for (const char *p = text; *p; p++) {
        const unsigned char c = (unsigned char)*p;
        if (c < 0x20 || c == 0x7f)
            zg_str_addf(out, "\\x%02x", c);
        else
            zg_str_addc(out, *p);
    }
}

void h5_add_shape(zg_str *out, const uint64_t *dims, unsigned rank, const char *by)
{
    if (rank == 0)
        zg_str_add(out, "scalar");
    for (unsigned i = 0; i < rank; i++)
        zg_str_addf(out, "%s%" PRIu64, i ? by : "", dims[i]);
}

void h5_json_dims(zg_json_out *w, const uint64_t *dims, unsigned rank)
{
    zg_json_open_list(w);
    for (unsigned i = 0; i < rank; i++)
        zg_json_u64(w, dims[i]);
    zg_json_close_list(w);
}
