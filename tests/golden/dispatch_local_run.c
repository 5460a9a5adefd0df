/* golden/dispatch/seed_local_run.json: a local run of which shards have data, none, or
 * fail: what it prints, logs, sums up and ends with. Shards are made as the golden log
 * tells of them, one granule each. */
#include "support/departures.h"
#include "support/granule.h"
#include "support/program.h"
#include "text/text.h"
#include "zagg/geo.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CELL_ORDER = 12, N_GROUPS = 6, N_CELLS = 3, MOST_SHARDS = 64, TEXT_LEN = 512 };

#define PER_GROUP(name) "'/{group}/" name "'"

static const char CONFIG[] =
    "data_source:\n"
    "  driver: s3\n"
    "  groups: [gt1l, gt1r, gt2l, gt2r, gt3l, gt3r]\n"
    "  coordinates: {latitude: " PER_GROUP("lat") ", longitude: " PER_GROUP(
        "lon") "}\n"
               "  variables: {h: " PER_GROUP(
                   "h") "}\n"
                        "aggregation:\n"
                        "  variables:\n"
                        "    count: {function: len, source: h, dtype: int32, "
                        "fill_value: 0}\n"
                        "output:\n"
                        "  store_layout: flat\n"
                        "  grid: {type: healpix, indexing_scheme: nested, "
                        "parent_order: 6, child_order: 12}\n";

/* What the golden log says of a shard. */
typedef struct shard_story {
    uint64_t key;
    size_t obs;    /* rows in cells of the shard; 0: none */
    size_t broken; /* groups that cannot be read */
    bool raised;   /* there is no granule */
} shard_story;

typedef struct local_run {
    zagg_arena *arena;
    const zagg_value *want;
    departures list;
    case_report report;
    char *dir;
    shard_story shards[MOST_SHARDS];
    size_t n;
} local_run;

/* ---- the shards ---- */

/* "  [1/4] KEY: 12,345 obs", "ERROR why", "No data after filtering (2 group reads
 * raised)" */
static void read_story(local_run *g, const char *line)
{
    char *end = NULL;
    const char *key = strchr(line, ']');
    assert_non_null(key);
    assert_true(g->n < MOST_SHARDS);
    shard_story *s = &g->shards[g->n++];
    s->key = strtoull(key + 1, &end, 10);
    assert_true(strncmp(end, ": ", 2) == 0);
    const char *what = end + 2, *broken = strchr(what, '(');
    s->raised = strncmp(what, "ERROR ", 6) == 0;
    if (broken != NULL) {
        s->broken = (size_t)strtoul(broken + 1, &end, 10);
        assert_string_equal(end, " group reads raised)");
    } else if (strstr(what, " obs") != NULL)
        for (const char *c = what; *c != ' '; c++)
            if (*c != ',')
                s->obs = s->obs * 10 + (size_t)(*c - '0');
    assert_in_range(s->broken, 0, N_GROUPS);
}

static void put_group(granule_file *g, const char *group, const shard_story *s, size_t n,
                      bool heights)
{
    const uint64_t first = zagg_word_nested(s->key) << 2 * (CELL_ORDER - 6);
    const granule_shape shape = {n, 0, 0};
    double *lat = zg_alloc(n, sizeof *lat), *lon = zg_alloc(n, sizeof *lon);
    char path[64];
    assert_true(lat && lon);
    for (size_t i = 0; i < n; i++) {
        zagg_geo_centre(first + i % N_CELLS, CELL_ORDER, ZAGG_LATITUDE_AUTHALIC, &lat[i],
                        &lon[i]);
        if (s->obs == 0 && s->broken == 0) /* of another shard */
            lat[i] = -lat[i];
    }
    (void)snprintf(path, sizeof path, "/%s/lat", group);
    granule_put(g, path, ZAGG_DT_F64, shape, lat);
    (void)snprintf(path, sizeof path, "/%s/lon", group);
    granule_put(g, path, ZAGG_DT_F64, shape, lon);
    (void)snprintf(path, sizeof path, "/%s/h", group);
    if (heights)
        granule_put(g, path, ZAGG_DT_F64, shape, lat);
    zg_free(lat);
    zg_free(lon);
}

static void write_granule(const local_run *g, size_t nth)
{
    static const char *const GROUPS[N_GROUPS] = {"gt1l", "gt1r", "gt2l",
                                                 "gt2r", "gt3l", "gt3r"};
    const shard_story *s = &g->shards[nth];
    char path[TEXT_LEN];
    if (s->raised)
        return;
    (void)snprintf(path, sizeof path, "%s/%zu.h5", g->dir, nth);
    granule_file *file = granule_create(path);
    if (s->broken == 0)
        put_group(file, GROUPS[0], s, s->obs ? s->obs : 10, true);
    for (size_t i = 0; i < s->broken; i++)
        put_group(file, GROUPS[i], s, 10, false);
    granule_close(file);
}

static void write_input(const local_run *g)
{
    zg_str map;
    zg_str_init(&map, 0);
    zg_str_add(&map, "{\"shard_keys\": [");
    for (size_t i = 0; i < g->n; i++)
        zg_str_addf(&map, "%s%" PRIu64, i ? ", " : "", g->shards[i].key);
    zg_str_add(&map, "], \"granules\": [");
    for (size_t i = 0; i < g->n; i++) {
        zg_str_addf(&map, "%s[{\"id\": \"g%zu\", \"s3\": \"%zu.h5\"}]", i ? ", " : "", i,
                    i);
        write_granule(g, i);
    }
    zg_str_add(&map, "], \"grid_signature\": null, \"metadata\": {\"latitude\": "
                     "\"authalic-wgs84\"}}");
    write_text(g->dir, "map.json", map.data);
    write_text(g->dir, "c.yaml", CONFIG);
    zg_str_free(&map);
}

/* ---- what came of it ---- */

/* With "<t>" for the seconds that end a line. */
static char *without_seconds(const char *text)
{
    zg_str out;
    zg_str_init(&out, 0);
    for (const char *at = text; *at != '\0';) {
        const size_t digits = strspn(at, "0123456789.");
        const bool seconds = digits > 0 && at > text && at[-1] == ' ' &&
                             at[digits] == 's' &&
                             (at[digits + 1] == '\n' || at[digits + 1] == '\0');
        const size_t n = seconds ? digits : digits > 0 ? digits : 1;
        if (seconds)
            zg_str_add(&out, "<t>");
        else
            zg_str_addf(&out, "%.*s", (int)n, at);
        at += n;
    }
    assert_false(out.failed);
    return zg_str_take(&out);
}

/* What is printed against what it must be: the golden text, or, by a departure of the
 * list, another one. Causes name files of this test and are left out. */
static void judge_text(local_run *g, const char *name, const char *departure,
                       const char *want, const char *got)
{
    char *ours = without_seconds(got);
    char *cause = strstr(ours, "; e.g. ");
    if (cause != NULL)
        *cause = '\0';
    if (strcmp(want, ours) != 0)
        case_fail(&g->report, name, "'%s' instead of '%s'", ours, want);
    else if (departure != NULL)
        departures_judge(&g->list, &g->report, departure, true, ours);
    else
        case_pass(&g->report);
    zg_free(ours);
}

static bool has_failed(const shard_story *s)
{
    return s->raised || s->broken > 0;
}

static size_t count_failed(const local_run *g)
{
    size_t n = 0;
    for (size_t i = 0; i < g->n; i++)
        n += has_failed(&g->shards[i]);
    return n;
}

static size_t count_raised(const local_run *g)
{
    size_t n = 0;
    for (size_t i = 0; i < g->n; i++)
        n += g->shards[i].raised;
    return n;
}

/* What failed shards come to: the golden log tells of those that raised. */
static void failure_text(const shard_story *s, char out[TEXT_LEN])
{
    if (s->raised)
        (void)snprintf(out, TEXT_LEN, "No data after filtering (1 granule reads raised");
    else
        (void)snprintf(out, TEXT_LEN, "No data after filtering (%zu group reads raised",
                       s->broken);
}

static void judge_code(local_run *g, int status)
{
    const bool failed = count_failed(g) > 0;
    int64_t want = -1;
    assert_true(zagg_value_i64(zagg_value_get(g->want, "rc"), &want));
    if (want != 0 || status != (failed ? 6 : 0))
        case_fail(&g->report, "rc", "%d where upstream has %d", status, (int)want);
    else
        departures_judge(&g->list, &g->report, "exit code", failed, "6");
}

/* "1 cells with data, 12,345 obs, 1 errors": upstream counts those that raised. */
static void judge_stdout(local_run *g, const char *got)
{
    char upstream[32], ours[32];
    const size_t raised = count_raised(g), failed = count_failed(g);
    (void)snprintf(upstream, sizeof upstream, " %zu errors", raised);
    (void)snprintf(ours, sizeof ours, " %zu errors", failed);
    char *want = replaced(zagg_value_get(g->want, "stdout")->str, upstream, ours);
    judge_text(g, "stdout", failed > raised ? "errors" : NULL, want, got);
    zg_free(want);
}

static void judge_line(local_run *g, size_t nth, const char *golden, const char *got)
{
    const shard_story *s = &g->shards[nth - 1];
    char want[2 * TEXT_LEN], why[TEXT_LEN], name[32];
    (void)snprintf(name, sizeof name, "log %zu", nth);
    if (!has_failed(s)) {
        judge_text(g, name, NULL, golden, got);
        return;
    }
    failure_text(s, why);
    (void)snprintf(want, sizeof want, "error: [%zu/%zu] %" PRIu64 ": %s", nth, g->n,
                   s->key, why);
    judge_text(g, name, "lines of failed shards", want, got);
}

/* The next line that is no warning: these tell causes, each once. */
static const char *next_line(char **rest)
{
    for (;;) {
        const char *line = strtok_r(NULL, "\n", rest);
        if (line == NULL || strncmp(line, "warn: ", 6) != 0)
            return line != NULL ? line : "nothing";
    }
}

static void judge_log(local_run *g, char *text)
{
    const zagg_value *log = zagg_value_get(g->want, "log");
    char *rest = text;
    char *first = replaced(log->items[0]->str, "driver=s3", "driver=file");
    judge_text(g, "log 0", "driver", first, next_line(&rest));
    zg_free(first);
    for (size_t i = 1; i <= g->n; i++)
        judge_line(g, i, log->items[i]->str, next_line(&rest));
    judge_text(g, "log's end", "last line", "nothing", next_line(&rest));
}

/* Members of `want` in `got`, which may have more, but for those that are judged apart.
 */
static void judge_members(local_run *g, const char *of, const zagg_value *want,
                          const zagg_value *got, const char *but)
{
    for (size_t i = 0; i < want->n; i++) {
        const char *key = want->members[i].key->str;
        const zagg_value *w = want->members[i].value, *v = zagg_value_get(got, key);
        if (w->kind == ZAGG_LIST || (but != NULL && strcmp(key, but) == 0))
            continue;
        const bool timed = zagg_value_is(w, "<float>") || strcmp(key, "duration_s") == 0;
        if (v != NULL &&
            (timed ? v->kind == ZAGG_FLOAT && v->u.f >= 0 : zagg_value_equal(w, v)))
            case_pass(&g->report);
        else
            case_fail(&g->report, of, "another %s", key);
    }
}

static void judge_result(local_run *g, const shard_story *s, const zagg_value *want,
                         const zagg_value *got)
{
    char error[TEXT_LEN];
    judge_members(g, "result", want, got, has_failed(s) ? "error" : NULL);
    if (!has_failed(s))
        return;
    failure_text(s, error);
    const size_t n = strlen(error);
    const char *upstream = zagg_value_get(want, "error")->str;
    if (strncmp(upstream, error, n) != 0 || strcmp(upstream + n, ")") != 0)
        case_fail(&g->report, "result", "upstream's error is '%s'", upstream);
    judge_text(g, "result", "errors name causes", error,
               zagg_value_get(got, "error")->str);
}

static const zagg_value *result_of(const zagg_value *results, uint64_t key)
{
    uint64_t v = 0;
    for (size_t i = 0; i < results->n; i++)
        if (zagg_value_u64(zagg_value_get(results->items[i], "shard_key"), &v) &&
            v == key)
            return results->items[i];
    return NULL;
}

/* Upstream has no result of a shard that raised. */
static void judge_summary(local_run *g, const char *text)
{
    const zagg_value *want = zagg_value_get(g->want, "summary"), *got = NULL;
    uint64_t errors = 0;
    assert_int_equal(zagg_json_parse(g->arena, text, strlen(text), "--json", &got, NULL),
                     ZAGG_OK);
    judge_members(g, "summary", want, got, "cells_error");
    assert_true(zagg_value_u64(zagg_value_get(want, "cells_error"), &errors));
    assert_int_equal(errors, count_raised(g));
    assert_true(zagg_value_u64(zagg_value_get(got, "cells_error"), &errors));
    assert_int_equal(errors, count_failed(g));
    const zagg_value *results = zagg_value_get(want, "results");
    for (size_t i = 0; i < g->n; i++) {
        const shard_story *s = &g->shards[i];
        const zagg_value *golden = result_of(results, s->key);
        const zagg_value *ours = result_of(zagg_value_get(got, "results"), s->key);
        if (ours == NULL || (golden == NULL) != s->raised)
            case_fail(&g->report, "result", "there is none of shard %zu", i);
        else if (golden != NULL)
            judge_result(g, s, golden, ours);
    }
}

static void judge_run(local_run *g)
{
    static const char RUN[] = "zagg run --config c.yaml --catalog map.json --store "
                              "./l.zarr --max-workers 1 --no-resume";
    char more[TEXT_LEN];
    run_result run = shell_in(g->dir, RUN);
    judge_code(g, run.status);
    judge_stdout(g, run.out);
    judge_log(g, run.err);
    run_result_free(&run);
    (void)snprintf(more, sizeof more, "%s --json -q", RUN);
    run = shell_in(g->dir, more);
    judge_summary(g, run.out);
    run_result_free(&run);
}

static void local_runs_are_upstreams(void **state)
{
    (void)state;
    local_run g = {.report = {.set = "dispatch/seed_local_run"}};
    if (!golden_available("dispatch/seed_local_run.json"))
        skip();
    assert_int_equal(zagg_arena_new(0, &g.arena, NULL), ZAGG_OK);
    g.want = golden_json(g.arena, golden_path("dispatch/seed_local_run.json"));
    g.list = departures_load(g.arena, g.report.set);
    g.dir = make_temp_dir();
    const zagg_value *log = zagg_value_get(g.want, "log");
    for (size_t i = 1; i + 1 < log->n; i++) /* between its first and last lines */
        read_story(&g, log->items[i]->str);
    write_input(&g);
    judge_run(&g);
    departures_end(&g.list, &g.report);
    report_end(&g.report, g.n + log->n);
    remove_tree(g.dir);
    zg_free(g.dir);
    zagg_arena_free(g.arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(local_runs_are_upstreams)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
