/* Runs with output.aoi_mask: what is stored for each shard, and maps that do not have
 * what it takes. */
#include "cli/fixture.h"
#include "zagg/geo.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define MASKED "{ cat c.yaml; echo '  aoi_mask: true'; } > mask.yaml; rm -rf o; "
#define RUN MASKED "zagg run -q --config mask.yaml --store o "

/** The fixture's map with one more key: shard 0 is inside as a whole, of shard 1 the last
 * cell, of the others nothing. */
static void write_masked_map(const fixture *f, const char *name, const char *first)
{
    zg_str extra;
    uint64_t last = (zagg_word_nested(f->keys[1]) + 1) * 1024 - 1;
    zg_str_init(&extra, 0);
    zg_str_addf(&extra,
                "{\"latitude\": \"authalic-wgs84\"},\n \"aoi_mask\": [[%s], [%" PRIu64
                "]",
                first, zagg_word_from_nested(last, 16));
    for (size_t i = 2; i < f->n_keys; i++)
        zg_str_add(&extra, ", []");
    zg_str_add(&extra, "]");
    assert_false(extra.failed);
    write_map(f, name, (map_parts){.metadata = extra.data});
    zg_str_free(&extra);
}

static void stored(void **state)
{
    const fixture *f = *state;
    char key[32], expected[512];
    (void)snprintf(key, sizeof key, "%" PRIu64, f->keys[0]);
    write_masked_map(f, "mask.json", key);
    /* one object a chunk */
    zg_free(shell_ok(f->dir, MASKED "sed -i 's/child_order: 16/child_order: 16, sharded: "
                                    "false/' mask.yaml; zagg run -q --config mask.yaml "
                                    "--store o --catalog mask.json"));
    char *text =
        shell_ok(f->dir, "for k in o/16/aoi_mask/c/*; do tr -cd '\\001' < $k | "
                         "wc -c; done | sort -n | uniq -c | awk '{print $1, $2}'");
    assert_string_equal(text, "1 1\n16 64\n");
    zg_free(text);
    /* one object a shard: none where no cell is inside */
    zg_free(shell_ok(f->dir, RUN "--catalog mask.json"));
    text = shell_ok(f->dir, "ls o/16/aoi_mask/c");
    uint64_t a = zagg_word_nested(f->keys[0]), b = zagg_word_nested(f->keys[1]);
    (void)snprintf(expected, sizeof expected, "%" PRIu64 "\n%" PRIu64 "\n", a < b ? a : b,
                   a < b ? b : a);
    assert_string_equal(text, expected);
    zg_free(text);
    text = shell_ok(f->dir, "grep -c '\"data_type\": \"bool\"' o/16/aoi_mask/zarr.json; "
                            "grep '\"fill_value\"' o/16/aoi_mask/zarr.json");
    assert_string_equal(text, "1\n  \"fill_value\": false,\n");
    zg_free(text);
}

/* A shard whose area of interest has changed since is not taken for finished. */
static void another_area(void **state)
{
    const fixture *f = *state;
    char key[32];
    (void)snprintf(key, sizeof key, "%" PRIu64, f->keys[0]);
    write_masked_map(f, "mask.json", "");
    write_masked_map(f, "other.json", key);
    zg_free(shell_ok(f->dir, RUN "--catalog mask.json"));
    char *text = shell_ok(f->dir, "for m in mask other; do zagg run --config mask.yaml "
                                  "--store o --catalog $m.json 2>&1 | grep -c "
                                  "'finished by an earlier run$'; done; true");
    char expected[64];
    (void)snprintf(expected, sizeof expected, "%zu\n%zu\n", f->n_keys, f->n_keys - 1);
    assert_string_equal(text, expected);
    zg_free(text);
    zg_free(shell_ok(f->dir, "zagg verify -q o"));
}

/* Nothing else changes: the store of a run without the mask, and one array more. */
static void nothing_is_clipped(void **state)
{
    const fixture *f = *state;
    write_masked_map(f, "mask.json", "");
    zg_free(shell_ok(f->dir, "rm -rf plain; zagg run -q --config c.yaml --catalog "
                             "mask.json --store plain"));
    zg_free(shell_ok(f->dir, RUN "--catalog mask.json && rm -r o/16/aoi_mask"));
    assert_same_stores(f, "plain", "o");
}

static const cli_case REFUSED[] = {
    {"map without mask", RUN "--catalog m.json", 3, NULL,
     "error: m.json: output.aoi_mask is on, but the shard map does not tell which cells "
     "lie inside the area of interest (aoi_mask); build the map with this config, or "
     "remove output.aoi_mask\n"},
    {"granules without map", RUN "--granules g", 3, NULL,
     "error: granules: output.aoi_mask is on, but the shard map does not tell *"},
    {"nothing was written", RUN "--catalog m.json 2> /dev/null; ls o 2>&1", 2, "*o*\n",
     NULL},
    {"mask of other cells", RUN "--catalog bad.json", 6, "*, 1 errors, *",
     "error: [*] *: aoi_mask: 0 is no morton word\n"},
    {"mask of too few shards", RUN "--catalog short.json", 3, NULL,
     "error: short.json: aoi_mask must be a list parallel to shard_keys (found list of "
     "1 for *"},
    {"mask of words in words", RUN "--catalog text.json", 3, NULL,
     "error: text.json: aoi_mask[0][0] must be an integer from 0 to 2^64 - 1 (found "
     "*)\n"},
    {"mask that is no yes or no",
     "{ cat c.yaml; echo '  aoi_mask: 1'; } > one.yaml; zagg run -q --config one.yaml "
     "--store o --catalog m.json",
     3, NULL, "error: one.yaml:*: output.aoi_mask: found 1; must be true or false\n"},
};

static void refused(void **state)
{
    const fixture *f = *state;
    write_masked_map(f, "bad.json", "0");
    write_masked_map(f, "text.json", "\"7\"");
    write_map(f, "short.json",
              (map_parts){.metadata = "{\"latitude\": \"authalic-wgs84\"}, \"aoi_mask\": "
                                      "[[]]"});
    check_cases(f, "masks", REFUSED, sizeof REFUSED / sizeof REFUSED[0]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stored),
        cmocka_unit_test(another_area),
        cmocka_unit_test(nothing_is_clipped),
        cmocka_unit_test(refused),
    };
    return cmocka_run_group_tests(tests, fixture_new, fixture_free);
}
