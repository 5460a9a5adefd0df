/* Sections and keys that change no number, and are still held to what upstream accepts.
 */
#include "cfg_test.h"

#include <stdio.h>
#include <string.h>

#define LINES "t.yaml:5: data_source."

static void refuse_index(const char *index, const char *message)
{
    char text[2048], expected[512];
    (void)snprintf(text, sizeof text, "%s  index: %s\n%s%s", SOURCE, index, FIELDS,
                   OUTPUT);
    (void)snprintf(expected, sizeof expected, LINES "index%s", message);
    must_refuse(text, expected);
}

static void accept(const char *source_key, const char *behind)
{
    char text[2048];
    (void)snprintf(text, sizeof text, "%s%s%s%s%s", SOURCE, source_key, FIELDS, OUTPUT,
                   behind);
    zagg_pipeline_free(must_load(text));
}

static void test_index(void **state)
{
    (void)state;
    accept("  index: null\n", "");
    accept("  index: {backend: hierarchical}\n", "");
    accept("  index: {backend: inline}\n", "");
    accept("  index: {backend: inline, write_back: false}\n", "");
    accept("  index: {backend: sidecar, store: s3://b/i}\n", "");
    accept("  index: {backend: sidecar, store: x, on_miss: error}\n", "");
    refuse_index("inline", ": found 'inline'; must be a mapping of backend and its keys");
    refuse_index("{}", ".backend: missing; must be hierarchical, inline or sidecar");
    refuse_index("{backend: h5py}",
                 ".backend: found 'h5py'; must be hierarchical, inline or sidecar");
    refuse_index("{backend: hierarchical, store: x}",
                 ".store: this key is not read here; allowed: backend");
    refuse_index("{backend: inline, store: x}",
                 ".store: only read by backend inline together with write_back: true");
    refuse_index("{backend: inline, write_back_coverage: lazy}",
                 ".write_back_coverage: only read by backend inline together with "
                 "write_back: true");
    refuse_index("{backend: sidecar}", ".store: missing; must be text");
    refuse_index("{backend: sidecar, store: x, on_miss: skip}",
                 ".on_miss: found 'skip'; must be fallback, build or error");
}

static void test_bounds(void **state)
{
    (void)state;
    accept("", "bounds: null\n");
    accept("", "bounds: {spatial: [0, 1, 2, 3]}\n");
    accept("", "bounds: {temporal: {start_date: 2020-01-01, end_date: 2020-02-01}}\n");
    must_refuse(SOURCE FIELDS OUTPUT "bounds: 1\n",
                "t.yaml:11: bounds: found 1; must be a mapping of temporal and spatial");
    must_refuse(
        SOURCE FIELDS OUTPUT "bounds: {time: 1}\n",
        "t.yaml:11: bounds.time: this key is not read here; allowed: temporal, spatial");
    must_refuse(SOURCE FIELDS OUTPUT "bounds: {temporal: {end_date: 2020-02-01}}\n",
                "t.yaml:11: bounds.temporal.start_date: missing; must be given together "
                "with end_date");
    must_refuse(SOURCE FIELDS OUTPUT "bounds: {temporal: {start_date: 2020-02-01}}\n",
                "t.yaml:11: bounds.temporal.end_date: missing; must be given together "
                "with start_date");
}

static void test_worker(void **state)
{
    (void)state;
    accept("", "worker: {memory: 4096}\n");
    accept("", "worker: {memory: 8192, extra_disk: true}\n");
    must_refuse(SOURCE FIELDS OUTPUT "worker: {memory: 2048, extra_disk: 5}\n",
                "t.yaml:11: worker.extra_disk: found 5; must be true or false");
    must_refuse(
        SOURCE FIELDS OUTPUT "worker: {memory: 2048, cpus: 5}\n",
        "t.yaml:11: worker.cpus: this key is not read here; allowed: memory, extra_disk");
}

static void test_pipeline(void **state)
{
    (void)state;
    accept("", "pipeline: {type: spatial}\n");
    must_refuse("pipeline: {type: global}\n",
                "t.yaml:1: pipeline.type: found 'global'; must be spatial, temporal or "
                "event");
    must_refuse(SOURCE "  credentials_provider: 7\n" FIELDS OUTPUT,
                LINES "credentials_provider: found 7; must be the name of a credentials "
                      "provider, e.g. nsidc");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_index),
        cmocka_unit_test(test_bounds),
        cmocka_unit_test(test_worker),
        cmocka_unit_test(test_pipeline),
    };
    return cmocka_run_group_tests_name("config: sections", tests, NULL, NULL);
}
