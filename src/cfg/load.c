/* Loading a pipeline config: the order in which its parts are checked (upstream's, so
 * that the first complaint is the same), and the memory that all of it lives in. */
#include "cfg/cfg.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* The public struct comes first, so that a pointer to it is one to the whole. */
typedef struct owned_pipeline {
    zagg_pipeline pub;
    zagg_arena *arena;
} owned_pipeline;

static zagg_status check_all(zg_cfg *c, const zg_spot *root)
{
    zg_spot source = zg_spot_get(root, "data_source");
    zg_spot aggregation = zg_spot_get(root, "aggregation");
    zg_spot output = zg_spot_get(root, "output");
    zg_spot catalog = zg_spot_get(root, "catalog");

    ZAGG_TRY(zg_check_finite(c, root));
    ZAGG_TRY(zg_check_worker(c, root));
    ZAGG_TRY(zg_load_clock(c, &output));
    ZAGG_TRY(zg_check_pipeline(c, root));
    ZAGG_TRY(zg_check_sections(c, root));
    ZAGG_TRY(zg_check_refused_keys(c, root));
    ZAGG_TRY(zg_load_grid(c, &output));
    ZAGG_TRY(zg_check_run_knobs(c, root));
    ZAGG_TRY(zg_load_output(c, &output));
    ZAGG_TRY(zg_check_bounds(c, root));
    ZAGG_TRY(zg_load_source(c, &source));
    ZAGG_TRY(zg_load_filters(c, &source));
    ZAGG_TRY(zg_load_levels(c, &source));
    ZAGG_TRY(zg_check_filter_levels(c, &source));
    ZAGG_TRY(zg_check_index(c, &source));
    ZAGG_TRY(zg_collect_columns(c, &aggregation));
    ZAGG_TRY(zg_check_clock_column(c, &output));
    ZAGG_TRY(zg_load_precompute(c, &aggregation));
    ZAGG_TRY(zg_check_filter_names(c));
    ZAGG_TRY(zg_load_coordinates(c, &aggregation));
    ZAGG_TRY(zg_load_fields(c, &aggregation));
    ZAGG_TRY(zg_check_grid_geometry(c, &output));
    ZAGG_TRY(zg_read_opt_text(c, &catalog, &c->p->catalog));
    zg_warn_unknown_keys(c, root);
    return ZAGG_OK;
}

static zagg_status load_tree(owned_pipeline *own, const zagg_value *root,
                             const char *name, zagg_log *log, zagg_err *err)
{
    zg_cfg c = {.name = own->pub.name,
                .arena = own->arena,
                .log = log,
                .err = err,
                .p = &own->pub};
    zg_spot top = zg_spot_root(root);
    if (root == NULL || root->kind == ZAGG_NULL)
        return zagg_err_set(err, ZAGG_ECONFIG,
                            "%s: the config is empty; it needs data_source, aggregation "
                            "and output",
                            name);
    own->pub.root = root;
    ZAGG_TRY(zg_expect_map(&c, &top, "data_source, aggregation and output"));
    return check_all(&c, &top);
}

static zagg_status new_owned(const char *name, owned_pipeline **out, zagg_err *err)
{
    owned_pipeline *own = zg_alloc(1, sizeof *own);
    if (own == NULL)
        return zagg_err_set(err, ZAGG_ENOMEM, "%s: no memory for the config", name);
    zagg_status status = zagg_arena_new(0, &own->arena, err);
    if (status == ZAGG_OK) {
        own->pub.name = zagg_arena_strndup(own->arena, name, strlen(name));
        if (own->pub.name == NULL)
            status = zagg_err_set(err, ZAGG_ENOMEM, "%s: no memory for the config", name);
    }
    if (status != ZAGG_OK) {
        zagg_arena_free(own->arena);
        zg_free(own);
        return status;
    }
    *out = own;
    return ZAGG_OK;
}

zagg_status zagg_pipeline_from_value(const zagg_value *root, const char *name,
                                     zagg_log *log, zagg_pipeline **out, zagg_err *err)
{
    owned_pipeline *own = NULL;
    if (name == NULL || out == NULL)
        return zagg_err_set(err, ZAGG_EARG, "zagg_pipeline_from_value: NULL argument");
    ZAGG_TRY(new_owned(name, &own, err));
    zagg_status status = load_tree(own, root, name, log, err);
    if (status != ZAGG_OK) {
        zagg_pipeline_free(&own->pub);
        return status;
    }
    *out = &own->pub;
    return ZAGG_OK;
}

zagg_status zagg_pipeline_parse(const char *text, size_t len, const char *name,
                                zagg_log *log, zagg_pipeline **out, zagg_err *err)
{
    owned_pipeline *own = NULL;
    const zagg_value *root = NULL;
    if (text == NULL || name == NULL || out == NULL)
        return zagg_err_set(err, ZAGG_EARG, "zagg_pipeline_parse: NULL argument");
    if (len > ZG_CFG_MAX_FILE_BYTES)
        return zagg_err_set(err, ZAGG_ERANGE,
                            "%s: %zu bytes are too many for a config (limit %zu)", name,
                            len, ZG_CFG_MAX_FILE_BYTES);
    ZAGG_TRY(new_owned(name, &own, err));
    zg_sha256_hex(text, len, own->pub.text_sha256);
    zagg_status status = zagg_yaml_parse(own->arena, text, len, name, &root, err);
    if (status == ZAGG_EFORMAT || status == ZAGG_EUNSUPPORTED || status == ZAGG_ERANGE) {
        /* to the caller a file that is no YAML is a config that cannot be used */
        status = ZAGG_ECONFIG;
        if (err != NULL)
            err->status = status;
    }
    if (status == ZAGG_OK)
        status = load_tree(own, root, name, log, err);
    if (status != ZAGG_OK) {
        zagg_pipeline_free(&own->pub);
        return status;
    }
    *out = &own->pub;
    return ZAGG_OK;
}

/* The whole file, however it was opened (a pipe has no size): at most the limit plus one
 * byte, which tells a file that is too long. */
static zagg_status read_file(const char *path, zg_str *text, zagg_err *err)
{
    char block[16384];
    FILE *file = fopen(path, "rb");
    if (file == NULL)
        return zagg_err_set_errno(err, errno == ENOENT ? ZAGG_ENOTFOUND : ZAGG_EIO, errno,
                                  "%s: cannot open the config", path);
    zagg_status status = ZAGG_OK;
    for (;;) {
        errno = 0;
        size_t n = fread(block, 1, sizeof block, file);
        if (n == 0)
            break;
        if (n > ZG_CFG_MAX_FILE_BYTES - text->len) {
            status =
                zagg_err_set(err, ZAGG_ERANGE, "%s: too long for a config (limit %zu)",
                             path, ZG_CFG_MAX_FILE_BYTES);
            break;
        }
        zg_str_addn(text, block, n);
        if (text->failed) {
            status = zagg_err_set(err, ZAGG_ENOMEM, "%s: no memory for the config", path);
            break;
        }
    }
    if (status == ZAGG_OK && ferror(file))
        status =
            zagg_err_set_errno(err, ZAGG_EIO, errno, "%s: cannot read the config", path);
    (void)fclose(file);
    return status;
}

zagg_status zagg_pipeline_load(const char *path, zagg_log *log, zagg_pipeline **out,
                               zagg_err *err)
{
    zg_str text;
    if (path == NULL || out == NULL)
        return zagg_err_set(err, ZAGG_EARG, "zagg_pipeline_load: NULL argument");
    zg_str_init(&text, ZG_CFG_MAX_FILE_BYTES);
    zagg_status status = read_file(path, &text, err);
    if (status == ZAGG_OK)
        status = zagg_pipeline_parse(text.data, text.len, path, log, out, err);
    zg_str_free(&text);
    return status;
}

void zagg_pipeline_free(zagg_pipeline *pipeline)
{
    if (pipeline == NULL)
        return;
    owned_pipeline *own = (owned_pipeline *)pipeline;
    zagg_arena_free(own->arena);
    zg_free(own);
}
