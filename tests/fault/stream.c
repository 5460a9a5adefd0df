/* Objects that come piece by piece, larger than what is gathered in memory, with every
 * call and allocation failing, the process killed at every change of the disk, and power
 * failures: the key has its old object or its new one, a message tells why, what is left
 * is a temporary file at most, and writing again gives the right bytes. Of one axis,
 * whose chunks go straight to the object, and of two, whose chunks are put aside. */
#include "io/record_sink.h"
#include "support/fault.h"
#include "support/power.h"
#include "support/support.h"
#include "zagg/zarr.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum {
    SIDE = 4,
    N_INNER = SIDE * SIDE,
    CELLS = 12 << 10, /* 48 KiB a chunk, 768 KiB an object */
    MAX_BYTES = 1 << 20,
    ENOUGH_FAILURES = 10
};
#define OLDER "the older object"

typedef struct fixture {
    char *dir;
    char store[1024];
    uint32_t cells[CELLS];
    char *expected[3]; /* by rank */
    size_t len[3];
} fixture;

static const uint64_t ORIGIN[ZAGG_ZARR_MAX_RANK] = {0};

static const char *key_of(unsigned rank)
{
    return rank == 1 ? "g/a/c/0" : "g/a/c/0/0";
}

static zagg_status put_chunks(fixture *f, unsigned rank, zagg_zarr_shard *shard,
                              zagg_err *err)
{
    for (size_t c = 0; c < N_INNER; c++) {
        const uint64_t index[ZAGG_ZARR_MAX_RANK] = {rank == 1 ? c : c / SIDE, c % SIDE};
        for (size_t i = 0; i < CELLS; i++)
            f->cells[i] = (uint32_t)(c * CELLS + i + 1);
        ZAGG_TRY(zagg_zarr_shard_add(shard, index, f->cells, err));
    }
    return ZAGG_OK;
}

static zagg_status write_object(fixture *f, unsigned rank, zagg_sink *sink, zagg_err *err)
{
    zagg_zarr_array a = {.name = "a",
                         .kind = ZAGG_ZARR_DENSE,
                         .dtype = ZAGG_DT_U32,
                         .rank = rank,
                         .sharded = true};
    zagg_zarr_shard *shard = NULL;
    for (unsigned d = 0; d < rank; d++) {
        a.chunk[d] = d + 1 < rank ? 1 : CELLS;
        a.shard[d] = a.shape[d] = a.chunk[d] * (rank == 1 ? N_INNER : SIDE);
    }
    ZAGG_TRY(zagg_zarr_shard_new(&a, &shard, err));
    zagg_status status = zagg_zarr_shard_begin(shard, sink, "g", ORIGIN, err);
    if (status == ZAGG_OK)
        status = put_chunks(f, rank, shard, err);
    if (status == ZAGG_OK)
        status = zagg_zarr_shard_end(shard, err);
    zagg_zarr_shard_free(shard);
    return status;
}

/* How a write ended: its status, and what the record says. */
typedef struct ending {
    zagg_status status;
    zagg_err err;
    bool written; /* but perhaps not durable */
    bool recorded, failed;
    uint8_t sha256[32];
} ending;

/* As a run does it: through a record, and the object made durable. */
static ending write_recorded(fixture *f, unsigned rank)
{
    ending e = {.err = ZAGG_ERR_INIT};
    zagg_sink *sink = NULL;
    zg_recorder *recorder = NULL;
    size_t n = 0;
    e.status = zagg_sink_open_dir(f->store, &sink, &e.err);
    if (e.status == ZAGG_OK)
        e.status = zg_recorder_new(sink, &recorder, &e.err);
    if (e.status == ZAGG_OK)
        e.status = write_object(f, rank, zg_recorder_sink(recorder), &e.err);
    e.written = e.status == ZAGG_OK;
    if (e.written)
        e.status = zg_recorders_sync(&recorder, 1, &e.err);
    if (recorder != NULL) {
        const zg_stored *stored = zg_recorder_settle(recorder, &n);
        e.recorded = n == 1 && stored != NULL && stored[0].there;
        if (e.recorded)
            memcpy(e.sha256, stored[0].sha256, sizeof e.sha256);
        e.failed = zg_recorder_failed(recorder);
    }
    zg_recorder_free(recorder);
    if (sink != NULL)
        zagg_sink_close(sink);
    return e;
}

static void put_older(const fixture *f, unsigned rank)
{
    zagg_sink *sink = NULL;
    const char *key = key_of(rank);
    assert_int_equal(zagg_sink_open_dir(f->store, &sink, NULL), ZAGG_OK);
    assert_int_equal(zagg_sink_put(sink, key, OLDER, strlen(OLDER), NULL), ZAGG_OK);
    assert_int_equal(zagg_sink_sync(sink, &key, 1, NULL), ZAGG_OK);
    zagg_sink_close(sink);
}

static void prepare(const fixture *f, unsigned rank, bool older)
{
    if (access(f->store, F_OK) == 0)
        remove_tree(f->store);
    if (older)
        put_older(f, rank);
}

/* ---- what is found ---- */

typedef enum found { NOTHING, OLD, NEW, PART, ANOTHER } found;

static found look(const fixture *f, unsigned rank)
{
    zagg_sink *sink = NULL;
    void *data = NULL;
    size_t len = 0;
    found what = ANOTHER;
    assert_int_equal(zagg_sink_open_dir(f->store, &sink, NULL), ZAGG_OK);
    const zagg_status status =
        zagg_sink_get(sink, key_of(rank), MAX_BYTES, &data, &len, NULL);
    if (status == ZAGG_ENOTFOUND)
        what = NOTHING;
    else if (len == strlen(OLDER) && memcmp(data, OLDER, len) == 0)
        what = OLD;
    else if (len <= f->len[rank] && memcmp(data, f->expected[rank], len) == 0)
        what = len == f->len[rank] ? NEW : PART;
    zagg_bytes_free(data);
    zagg_sink_close(sink);
    return what;
}

static zagg_status count_key(void *user, const char *key, uint64_t size, zagg_err *err)
{
    (void)key;
    (void)size;
    (void)err;
    ++*(size_t *)user;
    return ZAGG_OK;
}

/* Temporary files, which are removed; more than one object is told. */
static size_t clean(const fixture *f, zg_str *why)
{
    zagg_sink *sink = NULL;
    size_t n = 0, keys = 0;
    assert_int_equal(zagg_sink_open_dir(f->store, &sink, NULL), ZAGG_OK);
    assert_int_equal(zagg_sink_clean(sink, &n, NULL), ZAGG_OK);
    assert_int_equal(zagg_sink_list(sink, "", count_key, &keys, NULL), ZAGG_OK);
    if (keys > 1)
        zg_str_addf(why, "%zu objects; ", keys);
    zagg_sink_close(sink);
    return n;
}

static void write_again(fixture *f, unsigned rank, zg_str *why)
{
    const ending e = write_recorded(f, rank);
    if (e.status != ZAGG_OK || look(f, rank) != NEW || clean(f, why) > 0)
        zg_str_addf(why, "writing again: %s; ", e.err.msg);
}

static void tell(case_report *r, const char *what, unsigned rank, bool older, int64_t nth,
                 zg_str *why)
{
    char name[128];
    (void)snprintf(name, sizeof name, "%s, %u axes%s, %lld", what, rank,
                   older ? ", over an older one" : "", (long long)nth);
    if (why->len > 0)
        case_fail(r, name, "%s", why->data);
    else
        case_pass(r);
    zg_str_free(why);
}

/* ---- failing calls ---- */

typedef struct call_case {
    fault_kind kind;
    int error;
    bool lasting;
} call_case;

static const call_case CASES[] = {
    {FAULT_OPEN, EMFILE, false},  {FAULT_OPEN, EROFS, true},
    {FAULT_WRITE, ENOSPC, false}, {FAULT_WRITE, ENOSPC, true},
    {FAULT_WRITE, EIO, false},    {FAULT_CLOSE, EIO, false},
    {FAULT_CLOSE, ENOSPC, true},  {FAULT_RENAME, EIO, false},
    {FAULT_MKDIR, EACCES, true},  {FAULT_REMOVE, EIO, false},
    {FAULT_READ, EIO, false},     {FAULT_SYNC, EIO, false},
    {FAULT_ALLOC, ENOMEM, false}, {FAULT_ALLOC, ENOMEM, true},
};

static void judge(const fixture *f, unsigned rank, bool older, const call_case *c,
                  const ending *e, zg_str *why)
{
    const found what = look(f, rank);
    uint8_t expected[32];
    zg_sha256(f->expected[rank], f->len[rank], expected);
    if (what != NEW && what != (older ? OLD : NOTHING))
        zg_str_addf(why, "found %d; ", (int)what);
    if (e->status == ZAGG_OK && what != NEW)
        zg_str_add(why, "nobody noticed; ");
    if (e->recorded && memcmp(e->sha256, expected, sizeof expected) != 0)
        zg_str_add(why, "recorded with another hash; ");
    if (e->status != ZAGG_OK && c->kind != FAULT_ALLOC) {
        if (strstr(e->err.msg, strerror(c->error)) == NULL ||
            strstr(e->err.msg, f->dir) == NULL)
            zg_str_addf(why, "message '%s'; ", e->err.msg);
        if (!e->written && !e->failed && c->kind != FAULT_READ)
            zg_str_add(why, "the recorder takes it for no failure; ");
    }
    const size_t left = clean(f, why);
    if (left > (c->kind == FAULT_REMOVE || c->lasting))
        zg_str_addf(why, "%zu temporary files; ", left);
}

static void failing_calls(void **state)
{
    fixture *f = *state;
    case_report r = {.set = "failing calls"};
    size_t caught[FAULT_N_KINDS] = {0};
    for (size_t k = 0; k < 4 * sizeof CASES / sizeof CASES[0]; k++) {
        const call_case *c = &CASES[k / 4];
        const unsigned rank = 1 + (k & 1);
        const bool older = k & 2;
        bool fired = true;
        for (int64_t nth = 1; fired && r.failed < ENOUGH_FAILURES; nth++) {
            zg_str why;
            zg_str_init(&why, 0);
            prepare(f, rank, older);
            const int64_t blocks = fault_live_blocks();
            const int files = fault_open_files();
            fault_arm(&(fault_plan){.kinds = FAULT_BIT(c->kind),
                                    .nth = nth,
                                    .effect = FAULT_FAIL,
                                    .error = c->error,
                                    .lasting = c->lasting});
            const ending e = write_recorded(f, rank);
            fault_disarm();
            fired = fault_fired();
            caught[c->kind] += fired;
            if (fault_live_blocks() != blocks || fault_open_files() != files)
                zg_str_add(&why, "something leaked; ");
            judge(f, rank, older, c, &e, &why);
            write_again(f, rank, &why);
            tell(&r, fault_kind_name(c->kind), rank, older, nth, &why);
        }
    }
    for (size_t k = 0; k < sizeof CASES / sizeof CASES[0]; k++)
        assert_true(caught[CASES[k].kind] > 0);
    report_end(&r, 200);
}

static void interrupted_calls(void **state)
{
    fixture *f = *state;
    for (unsigned rank = 1; rank <= 2; rank++) {
        static const unsigned KINDS = FAULT_BIT(FAULT_OPEN) | FAULT_BIT(FAULT_WRITE) |
                                      FAULT_BIT(FAULT_READ) | FAULT_BIT(FAULT_CLOSE);
        zg_str why;
        zg_str_init(&why, 0);
        prepare(f, rank, true);
        fault_arm(&(fault_plan){.kinds = KINDS, .nth = 1, .effect = FAULT_STORM});
        const ending e = write_recorded(f, rank);
        fault_disarm();
        if (e.status != ZAGG_OK || look(f, rank) != NEW || clean(f, &why) > 0)
            fail_msg("%s %s", e.err.msg, why.data);
        assert_true(fault_calls(FAULT_WRITE) > 10000);
        zg_str_free(&why);
    }
}

/* ---- kill -9 ---- */

typedef struct attempt {
    fixture *f;
    unsigned rank;
} attempt;

static bool write_is_well(void *user)
{
    const attempt *a = user;
    return write_recorded(a->f, a->rank).status == ZAGG_OK;
}

static void killed(void **state)
{
    fixture *f = *state;
    case_report r = {.set = "kill -9"};
    size_t most_left = 0;
    for (unsigned k = 0; k < 4; k++) {
        const unsigned rank = 1 + (k & 1);
        const bool older = k & 2;
        bool dead = true;
        for (int64_t nth = 1; dead && r.failed < ENOUGH_FAILURES; nth++) {
            zg_str why;
            zg_str_init(&why, 0);
            prepare(f, rank, older);
            dead = fault_killed(write_is_well, &(attempt){f, rank}, nth);
            const found what = look(f, rank);
            if (what != NEW && what != (older && dead ? OLD : NOTHING))
                zg_str_addf(&why, "found %d; ", (int)what);
            const size_t left = clean(f, &why);
            most_left = left > most_left ? left : most_left;
            if (left > 2)
                zg_str_addf(&why, "%zu temporary files; ", left);
            write_again(f, rank, &why);
            tell(&r, "change", rank, older, nth, &why);
        }
    }
    assert_true(most_left > 0);
    report_end(&r, 40);
}

/* ---- power ---- */

static void power_fails(void **state)
{
    fixture *f = *state;
    case_report r = {.set = "power failures"};
    for (unsigned rank = 1; rank <= 2; rank++) {
        prepare(f, rank, false);
        power_record(f->store);
        put_older(f, rank);
        const ending e = write_recorded(f, rank);
        const int64_t n = (int64_t)power_stop();
        assert_int_equal(e.status, ZAGG_OK);
        for (int64_t nth = 0; nth <= n && r.failed < ENOUGH_FAILURES; nth++)
            for (power_kind kind = 0; kind < POWER_N_KINDS; kind++) {
                zg_str why;
                zg_str_init(&why, 0);
                prepare(f, rank, false);
                power_restore((size_t)nth, kind, (uint32_t)(7919 * nth + rank));
                const found what = look(f, rank);
                /* What no record names may be a part of it; what one names may not. */
                if (nth == n ? what != NEW : what == ANOTHER)
                    zg_str_addf(&why, "found %d; ", (int)what);
                (void)clean(f, &why);
                write_again(f, rank, &why);
                tell(&r, "power", rank, true, nth, &why);
            }
        power_forget();
    }
    report_end(&r, 60);
}

/* ---- ---- */

static int fixture_new(void **state)
{
    fixture *f = zg_alloc(1, sizeof *f);
    f->dir = make_temp_dir();
    (void)snprintf(f->store, sizeof f->store, "%s/store", f->dir);
    for (unsigned rank = 1; rank <= 2; rank++) {
        zagg_sink *sink = NULL;
        void *data = NULL;
        const ending e = write_recorded(f, rank);
        if (e.status != ZAGG_OK || zagg_sink_open_dir(f->store, &sink, NULL) != ZAGG_OK ||
            zagg_sink_get(sink, key_of(rank), MAX_BYTES, &data, &f->len[rank], NULL) !=
                ZAGG_OK)
            return 1;
        f->expected[rank] = data;
        zagg_sink_close(sink);
        remove_tree(f->store);
    }
    *state = f;
    return 0;
}

static int fixture_free(void **state)
{
    fixture *f = *state;
    remove_tree(f->dir);
    zagg_bytes_free(f->expected[1]);
    zagg_bytes_free(f->expected[2]);
    zg_free(f->dir);
    zg_free(f);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(failing_calls),
        cmocka_unit_test(interrupted_calls),
        cmocka_unit_test(killed),
        cmocka_unit_test(power_fails),
    };
    return cmocka_run_group_tests(tests, fixture_new, fixture_free);
}
