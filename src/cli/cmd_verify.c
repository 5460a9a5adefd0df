/* zagg verify: is everything in a store what it should be? */
#include "cli/cli.h"
#include "cli/options.h"
#include "cli/store_args.h"
#include "text/text.h"
#include "zagg/store.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { OPT_JSON = 256 };

static const cli_option OPTIONS[] = {
    {OPT_JSON, "json", NULL, "print one JSON object"},
    {'q', "quiet", NULL, "print problems only, and no summary"},
    NET_OPTIONS,
    {0, NULL, NULL, NULL}};
static const cli_command COMMAND = {
    "verify", "verify STORE [OPTIONS]",
    "Check a whole store: every chunk decodes, coordinates, attributes, consolidated\n"
    "metadata, stamps, coverage and sidecars agree, content hashes and the SHA-256 of\n"
    "every object in STORE.status are right, nothing is there that should not be.\n"
    "One line for each problem, with the object it is in. Where nothing was recorded "
    "that\n"
    "values could be held against, that is said, and is no error.\n"
    "Exit code 1: problems were found.",
    OPTIONS, "  zagg verify OUT\n  zagg verify OUT --json | jq .problems"};

typedef struct verification {
    const char *path;
    bool json, quiet;
    net_args net;
    zg_str text; /* JSON of the findings so far */
    zg_json_out w;
} verification;

static int take(void *user, int id, const char *value)
{
    verification *c = user;
    if (net_args_take(&c->net, id, value))
        return 0;
    switch (id) {
    case 0:
        return cli_take_store(&COMMAND, &c->path, value);
    case OPT_JSON:
        c->json = true;
        return 0;
    default:
        c->quiet = true;
        return 0;
    }
}

static const char *kind_name(zagg_finding_kind kind)
{
    static const char *const NAMES[] = {"problem", "unverifiable", "not recorded"};
    return NAMES[kind];
}

static zagg_status json_finding(verification *c, const zagg_finding *f, zagg_err *err)
{
    zg_json_open_map(&c->w);
    zg_json_key(&c->w, "kind");
    zg_json_str(&c->w, kind_name(f->kind));
    zg_json_key(&c->w, "path");
    zg_json_str(&c->w, f->path);
    zg_json_key(&c->w, "reason");
    zg_json_str(&c->w, f->reason);
    zg_json_close_map(&c->w);
    return c->text.failed ? zagg_err_set(err, ZAGG_ENOMEM, "no memory for the findings")
                          : ZAGG_OK;
}

static zagg_status show(void *user, const zagg_finding *f, zagg_err *err)
{
    verification *c = user;
    if (c->quiet && f->kind != ZAGG_FINDING_PROBLEM)
        return ZAGG_OK;
    if (c->json)
        return json_finding(c, f, err);
    if (f->kind != ZAGG_FINDING_PROBLEM)
        printf("%s: ", kind_name(f->kind));
    cli_print_text(stdout, f->path[0] != '\0' ? f->path : c->path);
    printf(": ");
    cli_print_text(stdout, f->reason);
    putchar('\n');
    return ZAGG_OK;
}

static void json_summary(verification *c, const zagg_store_verdict *v)
{
    const struct {
        const char *key;
        uint64_t n;
    } counts[] = {{"objects", v->objects},
                  {"bytes", v->bytes},
                  {"shards", v->shards},
                  {"arrays", v->arrays},
                  {"chunks", v->chunks},
                  {"content_hashes", v->content_hashes},
                  {"object_hashes", v->object_hashes},
                  {"problems", v->problems},
                  {"unverifiable", v->unverifiable},
                  {"not_recorded", v->unrecorded}};
    zg_json_close_list(&c->w);
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
        zg_json_key(&c->w, counts[i].key);
        zg_json_u64(&c->w, counts[i].n);
    }
    zg_json_close_map(&c->w);
    puts(c->text.data);
}

static void text_summary(const verification *c, const zagg_store_verdict *v)
{
    char n[6][32], bytes[32];
    if (c->quiet)
        return;
    printf("%s: %s objects, %s, %s shards; %s chunks decode; hashes: %s of arrays, %s of "
           "objects\n",
           c->path, cli_thousands(v->objects, n[0]), cli_bytes(v->bytes, bytes),
           cli_thousands(v->shards, n[1]), cli_thousands(v->chunks, n[2]),
           cli_thousands(v->content_hashes, n[3]), cli_thousands(v->object_hashes, n[4]));
    printf("%s: %s %s", c->path,
           v->problems == 0 ? "no" : cli_thousands(v->problems, n[0]),
           v->problems == 1 ? "problem" : "problems");
    if (v->unverifiable > 0)
        printf(", %s unverifiable", cli_thousands(v->unverifiable, n[1]));
    if (v->unrecorded > 0)
        printf(", %s objects not recorded", cli_thousands(v->unrecorded, n[2]));
    putchar('\n');
}

int main_verify(int argc, char **argv)
{
    verification c = {.path = NULL};
    int code = cli_parse(&COMMAND, argc, argv, take, &c);
    if (code != 0)
        return code == CLI_DONE ? EXIT_OK : code;
    if (c.path == NULL)
        return cli_need_store(&COMMAND);
    cli_store s;
    zagg_store_verdict verdict = {0};
    zagg_err err = ZAGG_ERR_INIT;
    zagg_status status = cli_store_open(&s, c.path, &c.net, &err);
    if (status == ZAGG_OK && c.json) {
        zg_str_init(&c.text, 0);
        zg_json_begin(&c.w, &c.text, -1);
        zg_json_open_map(&c.w);
        zg_json_key(&c.w, "store");
        zg_json_str(&c.w, c.path);
        zg_json_key(&c.w, "findings");
        zg_json_open_list(&c.w);
    }
    if (status == ZAGG_OK)
        status = zagg_store_verify(s.sink, s.name, s.status, show, &c, &verdict, &err);
    if (status == ZAGG_OK) {
        if (c.json)
            json_summary(&c, &verdict);
        else
            text_summary(&c, &verdict);
        code = verdict.problems > 0 ? EXIT_FAILED : EXIT_OK;
    } else {
        code = cli_store_fail(&COMMAND, status, &err);
    }
    if (c.json && c.text.data != NULL)
        zg_str_free(&c.text);
    cli_store_close(&s);
    return code;
}
