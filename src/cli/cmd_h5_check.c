/* zagg h5 check: whether everything in an HDF5 file can be read and is sound. */
#include "cli/cli.h"
#include "cli/cmd_h5.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { OPT_MAX_WORKERS = 256, OPT_JSON };

static const cli_option OPTIONS[] = {
    {OPT_MAX_WORKERS, "max-workers", "N", "threads (default: all processors)"},
    {'q', "quiet", NULL, "print only what is damaged or was not checked"},
    {OPT_JSON, "json", NULL, "print one JSON object"},
    {0, NULL, NULL, NULL}};
static const cli_command COMMAND = {
    "h5 check", "h5 check FILE [PATH] [OPTIONS]",
    "Read every chunk of every dataset at and below PATH (default: of the whole file) "
    "and\n"
    "check its place, checksums, compressed stream and size. One line for each damaged\n"
    "chunk or object. Exit code 0: nothing is damaged (what zagg does not read is "
    "counted\n"
    "as not checked); 1: something is damaged.",
    OPTIONS,
    "  zagg h5 check ATL03.h5\n"
    "  zagg h5 check ATL03.h5 /gt1l --json"};

typedef struct checking {
    const char *file, *path;
    size_t threads;
    bool quiet, json;
    h5_file f;
    bool live, shown; /* a progress line may be, or is, on the screen */
    double last_s;
    zg_json_out w;
    zg_str text; /* the findings as JSON */
} checking;

static int take(void *user, int id, const char *value)
{
    checking *c = user;
    long long n;
    switch (id) {
    case 0:
        return h5_take_path(&COMMAND, &c->file, &c->path, value);
    case OPT_MAX_WORKERS:
        if (!cli_integer(&COMMAND, "max-workers", value, 1, 4096, &n))
            return EXIT_USAGE;
        c->threads = (size_t)n;
        return 0;
    case OPT_JSON:
        c->json = true;
        return 0;
    default:
        c->quiet = true;
        return 0;
    }
}

static void clear_line(checking *c)
{
    if (c->shown)
        fprintf(stderr, "\r\033[K");
    c->shown = false;
}

static void progress(void *user, const zagg_h5_check_summary *sum)
{
    checking *c = user;
    char chunks[32], done[32], all[32];
    const double now_s = zg_clock_mono_s();
    if (!c->live || now_s - c->last_s < 0.1)
        return;
    c->last_s = now_s;
    fprintf(stderr, "\r\033[K%" PRIu64 " datasets, %s chunks, %s of a file of %s",
            sum->datasets, cli_thousands(sum->chunks, chunks),
            cli_bytes(sum->bytes, done), cli_bytes(zagg_source_size(c->f.source), all));
    fflush(stderr);
    c->shown = true;
}

static zagg_status report(void *user, const zagg_h5_finding *finding, zagg_err *err)
{
    checking *c = user;
    if (c->json) {
        zg_json_open_map(&c->w);
        zg_json_key(&c->w, "path");
        zg_json_str(&c->w, finding->path);
        zg_json_key(&c->w, "damaged");
        zg_json_bool(&c->w, !finding->not_checked);
        zg_json_key(&c->w, "message");
        zg_json_str(&c->w, finding->message);
        zg_json_close_map(&c->w);
    } else {
        clear_line(c);
        c->text.len = 0;
        zg_str_add(&c->text, finding->not_checked ? "not checked: " : "damaged: ");
        h5_add_text(&c->text, finding->path);
        zg_str_add(&c->text, ": ");
        h5_add_text(&c->text, finding->message);
        printf("%s\n", c->text.data);
    }
    return c->text.failed ? zagg_err_set(err, ZAGG_ENOMEM, "no memory for the findings")
                          : ZAGG_OK;
}

static void json_count(zg_json_out *w, const char *key, uint64_t n)
{
    zg_json_put_u64(w, key, n);
}

static void print_json(checking *c, const zagg_h5_check_summary *s)
{
    zg_json_out *w = &c->w;
    zg_json_close_list(w);
    json_count(w, "groups", s->groups);
    json_count(w, "datasets", s->datasets);
    json_count(w, "chunks", s->chunks);
    json_count(w, "bytes", s->bytes);
    json_count(w, "chunks_without_checksum", s->chunks_unsummed);
    json_count(w, "damaged_objects", s->damaged_objects);
    json_count(w, "damaged_chunks", s->damaged_chunks);
    json_count(w, "not_checked", s->not_checked);
    zg_json_close_map(w);
    if (!c->text.failed)
        printf("%s\n", c->text.data);
}

static void print_summary(const checking *c, const zagg_h5_check_summary *s)
{
    char chunks[32], bytes[32];
    printf("%s: %" PRIu64 " groups, %" PRIu64 " datasets, %s chunks, %s: ", c->file,
           s->groups, s->datasets, cli_thousands(s->chunks, chunks),
           cli_bytes(s->bytes, bytes));
    if (s->damaged_objects)
        printf("%" PRIu64 " damaged object%s, %" PRIu64 " damaged chunk%s",
               s->damaged_objects, s->damaged_objects == 1 ? "" : "s", s->damaged_chunks,
               s->damaged_chunks == 1 ? "" : "s");
    else
        printf("no damage found");
    if (s->not_checked)
        printf(", %" PRIu64 " not checked", s->not_checked);
    printf("\n");
    if (s->chunks_unsummed)
        printf("%s of the chunks have no checksum: only their place and size were "
               "checked\n",
               cli_thousands(s->chunks_unsummed, chunks));
}

static zagg_status check(checking *c, zagg_h5_check_summary *sum)
{
    zagg_pool *pool = NULL;
    ZAGG_TRY(h5_file_open(&c->f, c->file));
    ZAGG_TRY(zagg_pool_new(c->threads, &pool, &c->f.err));
    if (c->json) {
        zg_json_begin(&c->w, &c->text, -1);
        zg_json_open_map(&c->w);
        zg_json_key(&c->w, "file");
        zg_json_str(&c->w, c->file);
        zg_json_key(&c->w, "findings");
        zg_json_open_list(&c->w);
    }
    const zagg_h5_check_opts opts = {pool, report, progress, c};
    const zagg_status st = zagg_h5_check(c->f.h5, c->path, &opts, sum, &c->f.err);
    zagg_pool_free(pool);
    clear_line(c);
    return st;
}

int h5_check(int argc, char **argv)
{
    checking c = {.threads = zg_cpu_count()};
    int code = cli_parse(&COMMAND, argc, argv, take, &c);
    if (code != 0)
        return code == CLI_DONE ? EXIT_OK : code;
    code = h5_need(&COMMAND, c.file, "FILE");
    if (code != 0)
        return code;
    if (!c.path)
        c.path = "/";
    c.live = !c.quiet && isatty(STDERR_FILENO) && !getenv("NO_COLOR");
    zg_str_init(&c.text, 0);
    zagg_h5_check_summary sum = {0};
    const zagg_status st = check(&c, &sum);
    if (st != ZAGG_OK)
        code = h5_fail(&c.f, &COMMAND, st);
    else
        code = sum.damaged_objects ? EXIT_FAILED : EXIT_OK;
    if (st == ZAGG_OK && c.json)
        print_json(&c, &sum);
    else if (st == ZAGG_OK && !c.quiet)
        print_summary(&c, &sum);
    h5_file_close(&c.f);
    zg_str_free(&c.text);
    return code;
}
