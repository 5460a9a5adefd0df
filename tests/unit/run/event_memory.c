/* Each allocation of an event fails once. Its shard cannot be written, so that no
 * response may call it done, and each must say why it is not. */
#include "run/event.h"
#include "support/granule.h"
#include "support/program.h"
#include "text/text.h"
#include "zagg/geo.h"
#include "zagg/worker.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define SHARD UINT64_C(12715069122950463494) /* order 6 */
enum { CELL_ORDER = 8, N_ROWS = 8, PATH_LEN = 512 };

#define CONFIG                                                                           \
    "{\"data_source\": {\"driver\": \"file\", \"groups\": [\"gt1l\"], \"coordinates\": " \
    "{\"latitude\": \"/{group}/lat\", \"longitude\": \"/{group}/lon\"}, "                \
    "\"variables\": {\"h\": \"/{group}/h\"}}, \"aggregation\": {\"variables\": "         \
    "{\"h_min\": {\"function\": \"min\", \"source\": \"h\", \"dtype\": \"float32\"}}}, " \
    "\"output\": {\"store_layout\": \"flat\", \"grid\": {\"type\": \"healpix\", "        \
    "\"indexing_scheme\": \"nested\", \"parent_order\": 6, \"child_order\": 8}}, "       \
    "\"catalog\": null, \"bounds\": null}"

static void write_granule(const char *dir)
{
    const granule_shape shape = {N_ROWS, 0, 0};
    const uint64_t first = zagg_word_nested(SHARD) << 2 * (CELL_ORDER - 6);
    double lat[N_ROWS], lon[N_ROWS], h[N_ROWS];
    char path[PATH_LEN];
    for (size_t i = 0; i < N_ROWS; i++) {
        zagg_geo_centre(first + i, CELL_ORDER, ZAGG_LATITUDE_AUTHALIC, &lat[i], &lon[i]);
        h[i] = (double)i;
    }
    (void)snprintf(path, sizeof path, "%s/g.h5", dir);
    granule_file *g = granule_create(path);
    granule_put(g, "/gt1l/lat", ZAGG_DT_F64, shape, lat);
    granule_put(g, "/gt1l/lon", ZAGG_DT_F64, shape, lon);
    granule_put(g, "/gt1l/h", ZAGG_DT_F64, shape, h);
    granule_close(g);
}

static zagg_status handle(const char *event, zagg_event_response *out)
{
    const zagg_event_opts opts = {.request_id = "r", .threads = 1};
    zagg_err err = ZAGG_ERR_INIT;
    *out = (zagg_event_response){0};
    return zagg_event_handle(event, strlen(event), &opts, out, &err);
}

/* A store whose chunks cannot be written: a file is where their folder has to be. */
static void make_store(const char *dir)
{
    char event[2048], path[PATH_LEN];
    zagg_event_response response;
    (void)snprintf(event, sizeof event,
                   "{\"mode\": \"setup\", \"store_path\": \"%s/x.zarr\", "
                   "\"parent_order\": 6, \"child_order\": 8, \"config\": " CONFIG "}",
                   dir);
    assert_int_equal(handle(event, &response), ZAGG_OK);
    assert_int_equal(response.status_code, 200);
    zagg_event_response_free(&response);
    (void)snprintf(path, sizeof path, "%s/x.zarr/8/h_min", dir);
    write_text(path, "c", "");
}

/* The countdown goes on where the event did not reach its end: was one refused? */
static bool was_refused(int64_t nth)
{
    for (int64_t i = 0; i < nth; i++)
        if (zg_alloc_refused())
            return false;
    return true;
}

static void check_response(const zagg_event_response *response, int64_t nth)
{
    zagg_arena *arena = NULL;
    const zagg_value *root = NULL, *body = NULL;
    assert_int_equal(zagg_arena_new(0, &arena, NULL), ZAGG_OK);
    assert_int_equal(
        zagg_json_parse(arena, response->text, response->len, "response", &root, NULL),
        ZAGG_OK);
    const zagg_value *text = zagg_value_get(root, "body");
    assert_int_equal(
        zagg_json_parse(arena, text->str, text->str_len, "body", &body, NULL), ZAGG_OK);
    const char *error = zg_value_text(body, "error");
    if (response->status_code != 500 || !error || error[0] == '\0' ||
        zg_event_is_benign(error))
        fail_msg("allocation %" PRId64 ": %s", nth, response->text);
    zagg_arena_free(arena);
}

static void no_response_calls_it_done(void **state)
{
    (void)state;
    char event[2048];
    char *dir = make_temp_dir();
    write_granule(dir);
    make_store(dir);
    (void)snprintf(event, sizeof event,
                   "{\"chunk_idx\": [0], \"store_path\": \"%s/x.zarr\", \"shard_key\": "
                   "%" PRIu64 ", \"parent_order\": 6, \"child_order\": 8, "
                   "\"granule_urls\": [\"%s/g.h5\"], \"s3_credentials\": {}, "
                   "\"config\": " CONFIG "}",
                   dir, SHARD, dir);
    bool refused = true;
    int64_t nth = 0;
    while (refused) {
        zagg_event_response response;
        zg_alloc_fail_nth(++nth);
        const zagg_status status = handle(event, &response);
        refused = was_refused(nth);
        zg_alloc_fail_nth(0);
        if (status == ZAGG_OK)
            check_response(&response, nth);
        else
            assert_int_equal(status, ZAGG_ENOMEM);
        zagg_event_response_free(&response);
        assert_true(nth < 20000);
    }
    assert_true(nth > 100); /* some did fail */
    print_message("%" PRId64 " allocations\n", nth - 1);
    remove_tree(dir);
    zg_free(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(no_response_calls_it_done)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
