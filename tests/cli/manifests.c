/* deploy/engines: what Kubernetes and AWS Batch are told is well-formed, and its
 * commands, with the index that those engines give, do the shards of a run. */
#include "cli/fixture.h"

#include <stdlib.h>
#include <string.h>

#define RUN "zagg run -q --config c.yaml --catalog m.json --store "
/* What stands in for the AWS CLI: it takes the object of a folder. */
#define AWS                                                                              \
    "#!/bin/sh\n[ \"$1 $2 $3 $5\" = 's3 cp --only-show-errors -' ] || exit 9\n"          \
    "exec cat \"${4#s3://PRIVATE/}\"\n"

static const zagg_value *load(zagg_arena *arena, const char *name, bool json)
{
    const zagg_value *root = NULL;
    zagg_err err = ZAGG_ERR_INIT;
    char path[64], *text = NULL;
    size_t len = 0;
    (void)snprintf(path, sizeof path, "deploy/engines/%s", name);
    assert_int_equal(zagg_file_read(source_path(path), 1 << 20, &text, &len, &err),
                     ZAGG_OK);
    const zagg_status status = json
                                   ? zagg_json_parse(arena, text, len, name, &root, &err)
                                   : zagg_yaml_parse(arena, text, len, name, &root, &err);
    if (status != ZAGG_OK)
        fail_msg("%s", err.msg);
    zagg_bytes_free(text);
    return root;
}

/* "spec/template/0": members by name, elements by number. */
static const zagg_value *at(const zagg_value *v, const char *path)
{
    char word[64];
    for (; *path != '\0'; path += *path == '/') {
        const size_t len = strcspn(path, "/");
        assert_true(len < sizeof word);
        memcpy(word, path, len);
        word[len] = '\0';
        path += len;
        if (v != NULL && v->kind == ZAGG_LIST) {
            const size_t i = strtoul(word, NULL, 10);
            v = i < v->n ? v->items[i] : NULL;
        } else {
            v = zagg_value_get(v, word);
        }
    }
    assert_non_null(v);
    return v;
}

static const char *text_at(const zagg_value *v, const char *path)
{
    const zagg_value *found = at(v, path);
    assert_int_equal(found->kind, ZAGG_STR);
    return found->str;
}

static uint64_t number_at(const zagg_value *v, const char *path)
{
    uint64_t n = 0;
    assert_true(zagg_value_u64(at(v, path), &n));
    return n;
}

/* ["sh", "-c", TEXT]. */
static const char *command_at(const zagg_value *v, const char *path)
{
    const zagg_value *command = at(v, path);
    assert_int_equal(command->kind, ZAGG_LIST);
    assert_int_equal(command->n, 3);
    assert_string_equal(command->items[0]->str, "sh");
    assert_string_equal(command->items[1]->str, "-c");
    return command->items[2]->str;
}

/* Setup here, every shard as the engine does it, finalize here; then the store is that of
 * a run of this machine, and the same run finds nothing left to do. */
static void run_all(const fixture *f, const char *variable, const char *command,
                    const char *store)
{
    char text[1024];
    zg_free(shell_ok(f->dir, RUN "%s --backend exec --events events", store));
    zg_free(shell_ok(f->dir, "zagg worker -q events/setup.json"));
    write_text(f->dir, "task.sh", command);
    for (size_t i = 0; i < f->n_keys; i++) {
        (void)snprintf(text, sizeof text, "PATH=$PWD/bin:$PATH %s=%zu sh task.sh",
                       variable, i);
        zg_free(shell_ok(f->dir, "%s", text));
    }
    zg_free(shell_ok(f->dir, "zagg worker -q events/finalize.json"));
    assert_same_stores(f, "local", store);
    char *told = shell_ok(f->dir, RUN "%s --backend exec --json", store);
    zagg_arena *arena = NULL;
    assert_int_equal(zagg_arena_new(0, &arena, NULL), ZAGG_OK);
    assert_int_equal(json_u64(json_of(arena, told), "cells_current"), f->n_keys);
    zagg_arena_free(arena);
    zg_free(told);
}

static void test_kubernetes(void **state)
{
    const fixture *f = *state;
    zagg_arena *arena = NULL;
    assert_int_equal(zagg_arena_new(0, &arena, NULL), ZAGG_OK);
    const zagg_value *job = load(arena, "kubernetes-job.yaml", false);
    assert_string_equal(text_at(job, "apiVersion"), "batch/v1");
    assert_string_equal(text_at(job, "kind"), "Job");
    (void)text_at(job, "metadata/name");
    const zagg_value *spec = at(job, "spec");
    assert_string_equal(text_at(spec, "completionMode"), "Indexed");
    assert_true(number_at(spec, "parallelism") <= number_at(spec, "completions"));
    /* As Kubernetes asks for where indices are tried again one by one. */
    assert_true(number_at(spec, "backoffLimitPerIndex") > 0);
    assert_true(number_at(spec, "maxFailedIndexes") <= number_at(spec, "completions"));
    const zagg_value *pod = at(spec, "template/spec");
    assert_string_equal(text_at(pod, "restartPolicy"), "Never");
    const zagg_value *container = at(pod, "containers/0");
    (void)text_at(container, "name");
    (void)text_at(container, "image");
    (void)text_at(container, "resources/limits/memory");
    assert_string_equal(text_at(container, "volumeMounts/0/name"),
                        text_at(pod, "volumes/0/name"));
    (void)text_at(pod, "volumes/0/persistentVolumeClaim/claimName");
    const char *mount = text_at(container, "volumeMounts/0/mountPath");
    char *command = replaced(command_at(container, "command"), mount, "events");
    run_all(f, "JOB_COMPLETION_INDEX", command, "kubernetes");
    zg_free(command);
    zagg_arena_free(arena);
}

static void test_batch(void **state)
{
    const fixture *f = *state;
    zagg_arena *arena = NULL;
    assert_int_equal(zagg_arena_new(0, &arena, NULL), ZAGG_OK);
    const zagg_value *job = load(arena, "batch-job.json", true);
    const zagg_value *definition = load(arena, "batch-job-definition.json", true);
    assert_string_equal(text_at(job, "jobDefinition"),
                        text_at(definition, "jobDefinitionName"));
    (void)text_at(job, "jobName");
    (void)text_at(job, "jobQueue");
    const uint64_t size = number_at(job, "arrayProperties/size");
    assert_true(size >= 2 && size <= 10000);
    assert_string_equal(text_at(definition, "type"), "container");
    const zagg_value *container = at(definition, "containerProperties");
    (void)text_at(container, "image");
    assert_string_equal(text_at(container, "resourceRequirements/0/type"), "VCPU");
    assert_string_equal(text_at(container, "resourceRequirements/1/type"), "MEMORY");
    assert_true(number_at(definition, "retryStrategy/attempts") > 1);
    assert_true(number_at(definition, "timeout/attemptDurationSeconds") >= 60);
    zg_free(shell_ok(f->dir, "mkdir bin"));
    write_text(f->dir, "bin/aws", AWS);
    zg_free(shell_ok(f->dir, "chmod +x bin/aws"));
    run_all(f, "AWS_BATCH_JOB_ARRAY_INDEX", command_at(container, "command"), "batch");
    zagg_arena_free(arena);
}

static int begin(void **state)
{
    if (fixture_new(state) != 0)
        return 1;
    const fixture *f = *state;
    zg_free(shell_ok(f->dir, RUN "local"));
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_kubernetes),
                                       cmocka_unit_test(test_batch)};
    return cmocka_run_group_tests(tests, begin, fixture_free);
}
