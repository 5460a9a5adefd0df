/* output: the grid's keys, store layout, and the rules that `compat: zagg-0.11` switches.
 * Values come out resolved: defaults of upstream 0.61, or of 0.11 under compat. */
#include "cfg/cfg.h"

#include <ctype.h>
#include <math.h>
#include <string.h>

#define MAX_ORDER 29
/* 0.61: inner chunks of 4^6 cells where chunk_inner is absent (grids.md 4). */
#define DEFAULT_CHUNK_DEPTH 6
#define DEFAULT_ZSTD_LEVEL 3
#define MAX_ZSTD_LEVEL 22

static zagg_status read_order(const zg_cfg *c, const zg_spot *s, int64_t *out)
{
    int64_t v = 0;
    double f = 0;
    /* 12.0 is an order too: upstream takes int(value) */
    if (!zagg_value_i64(s->value, &v) && zagg_value_number(s->value, &f) && f >= 0 &&
        f <= MAX_ORDER && floor(f) >= f)
        v = (int64_t)f;
    else if (!zagg_value_i64(s->value, &v))
        return zg_must(c, s, "an integer from 0 to %d", MAX_ORDER);
    if (v < 0 || v > MAX_ORDER)
        return zg_must(c, s, "an integer from 0 to %d", MAX_ORDER);
    *out = v;
    return ZAGG_OK;
}

static zagg_status read_compat(const zg_cfg *c, const zg_spot *output)
{
    zg_spot compat = zg_spot_get(output, "compat");
    if (!zg_spot_is_set(&compat))
        return ZAGG_OK;
    if (!zagg_value_is(compat.value, "zagg-0.11"))
        return zg_must(c, &compat, "zagg-0.11");
    c->p->output.compat = ZAGG_COMPAT_0_11;
    return ZAGG_OK;
}

static zagg_status require_keys(const zg_cfg *c, const zg_spot *grid,
                                const char *const *keys, const char *type)
{
    for (size_t i = 0; keys[i] != NULL; i++) {
        zg_spot s = zg_spot_get(grid, keys[i]);
        if (s.value == NULL)
            return zg_fail(c, &s, "missing; a %s grid needs it", type);
    }
    return ZAGG_OK;
}

/* layout, cell_ids_encoding, emit_cell_ids, cf, indexing_scheme: one allowed value each,
 * or a switch of one kind of grid. */
static zagg_status check_grid_tokens(const zg_cfg *c, const zg_spot *grid)
{
    zagg_output *o = &c->p->output;
    bool healpix = strcmp(o->grid_type, "healpix") == 0;
    zg_spot layout = zg_spot_get(grid, "layout");
    if (zg_spot_is_set(&layout) && !zagg_value_is(layout.value, "fullsphere"))
        return zg_must(c, &layout, "fullsphere (upstream removed dense)");
    zg_spot encoding = zg_spot_get(grid, "cell_ids_encoding");
    if (zg_spot_is_set(&encoding))
        return zg_fail(c, &encoding,
                       "retired by upstream; remove it, and write emit_cell_ids: true if "
                       "the store needs the cell_ids array");
    zg_spot emit = zg_spot_get(grid, "emit_cell_ids");
    if (zg_spot_is_set(&emit)) {
        ZAGG_TRY(zg_read_bool(c, &emit, &o->emit_cell_ids));
        if (o->emit_cell_ids && !healpix)
            return zg_fail(c, &emit, "only a healpix grid has cell_ids; remove it");
    }
    zg_spot cf = zg_spot_get(grid, "cf");
    if (zg_spot_is_set(&cf)) {
        ZAGG_TRY(zg_read_bool(c, &cf, &o->cf));
        if (o->cf && healpix)
            return zg_fail(c, &cf,
                           "only a rectilinear grid has a CF grid mapping; remove it");
    }
    zg_spot scheme = zg_spot_get(grid, "indexing_scheme");
    if (zg_spot_is_set(&scheme) && !zagg_value_is(scheme.value, "nested"))
        return zg_must(c, &scheme, "nested");
    zg_spot latitude = zg_spot_get(grid, "latitude");
    if (zg_spot_is_set(&latitude)) {
        if (!zagg_value_is(latitude.value, "authalic") &&
            !zagg_value_is(latitude.value, "geodetic"))
            return zg_must(c, &latitude, "authalic or geodetic");
        o->latitude_given = true;
        o->latitude = zagg_value_is(latitude.value, "geodetic") ? ZAGG_LATITUDE_GEODETIC
                                                                : ZAGG_LATITUDE_AUTHALIC;
    }
    return ZAGG_OK;
}

static zagg_status read_four(const zg_cfg *c, const zg_spot *s, double out[4])
{
    if (!zg_spot_is_list(s) || s->value->n != 4)
        return zg_must(c, s, "[xmin, ymin, xmax, ymax]");
    for (size_t i = 0; i < 4; i++) {
        zg_spot item = zg_spot_item(s, i);
        ZAGG_TRY(zg_read_number(c, &item, &out[i]));
    }
    return ZAGG_OK;
}

static zagg_status load_healpix(const zg_cfg *c, const zg_spot *grid)
{
    zg_spot child = zg_spot_get(grid, "child_order");
    zg_spot parent = zg_spot_get(grid, "parent_order");
    zg_spot inner = zg_spot_get(grid, "chunk_inner");
    ZAGG_TRY(read_order(c, &child, &c->p->output.child_order));
    ZAGG_TRY(read_order(c, &parent, &c->p->output.parent_order));
    if (zg_spot_is_set(&inner))
        ZAGG_TRY(read_order(c, &inner, &c->p->output.chunk_inner));
    return ZAGG_OK;
}

/* crs: text, or the EPSG number as pyproj also takes it. */
static zagg_status read_crs(const zg_cfg *c, const zg_spot *s, const char **out)
{
    int64_t code = 0;
    if (zagg_value_i64(s->value, &code) && code > 0) {
        zg_str text;
        zg_str_init(&text, 64);
        zg_str_addf(&text, "EPSG:%lld", (long long)code);
        *out = zagg_arena_strndup(c->arena, text.data, text.len);
        zg_str_free(&text);
        return *out != NULL ? ZAGG_OK
                            : zagg_err_set(c->err, ZAGG_ENOMEM, "%s: no memory", c->name);
    }
    return zg_read_text(c, s, out);
}

static zagg_status load_rectilinear(const zg_cfg *c, const zg_spot *grid)
{
    zagg_output *o = &c->p->output;
    zg_spot crs = zg_spot_get(grid, "crs");
    zg_spot resolution = zg_spot_get(grid, "resolution");
    zg_spot bounds = zg_spot_get(grid, "bounds");
    ZAGG_TRY(read_four(c, &bounds, o->bounds));
    ZAGG_TRY(read_crs(c, &crs, &o->crs));
    if (zg_spot_is_list(&resolution)) {
        if (resolution.value->n != 2)
            return zg_must(c, &resolution, "a number or [x, y]");
        for (size_t i = 0; i < 2; i++) {
            zg_spot item = zg_spot_item(&resolution, i);
            ZAGG_TRY(zg_read_number(c, &item, &o->resolution[i]));
        }
        return ZAGG_OK;
    }
    ZAGG_TRY(zg_read_number(c, &resolution, &o->resolution[0]));
    o->resolution[1] = o->resolution[0];
    return ZAGG_OK;
}

zagg_status zg_load_grid(const zg_cfg *c, const zg_spot *output)
{
    static const char *const healpix_keys[] = {"child_order", "parent_order", NULL};
    static const char *const rect_keys[] = {"crs", "resolution", "bounds", NULL};
    zagg_output *o = &c->p->output;
    zg_spot grid = zg_spot_get(output, "grid");
    o->parent_order = o->child_order = o->chunk_inner = -1;
    ZAGG_TRY(read_compat(c, output));
    o->latitude =
        o->compat == ZAGG_COMPAT_0_11 ? ZAGG_LATITUDE_GEODETIC : ZAGG_LATITUDE_AUTHALIC;
    if (!zg_spot_is_set(&grid))
        return ZAGG_OK;
    ZAGG_TRY(zg_expect_map(c, &grid, "type, child_order, ..."));
    zg_spot type = zg_spot_get(&grid, "type");
    if (!zg_spot_is_set(&type))
        return zg_must(c, &type, "healpix or rectilinear");
    ZAGG_TRY(zg_read_text(c, &type, &o->grid_type));
    if (strcmp(o->grid_type, "healpix") == 0) {
        ZAGG_TRY(require_keys(c, &grid, healpix_keys, "healpix"));
        ZAGG_TRY(load_healpix(c, &grid));
    } else if (strcmp(o->grid_type, "rectilinear") == 0) {
        ZAGG_TRY(require_keys(c, &grid, rect_keys, "rectilinear"));
        ZAGG_TRY(load_rectilinear(c, &grid));
    }
    return check_grid_tokens(c, &grid);
}

/* [a-z0-9_-]{1,192}, not a morton base digit (-?[1-6]) and not upstream's own group. */
static zagg_status check_product_name(const zg_cfg *c, const zg_spot *s)
{
    const char *name = NULL;
    ZAGG_TRY(zg_read_text(c, s, &name));
    size_t n = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_-");
    const char *digit = name[0] == '-' ? name + 1 : name;
    bool base_digit = digit[0] >= '1' && digit[0] <= '6' && digit[1] == '\0';
    if (n == 0 || name[n] != '\0' || n > 192 || base_digit ||
        strcmp(name, "multiscales") == 0)
        return zg_must(c, s,
                       "1 to 192 of a-z, 0-9, '_' and '-', and not a digit 1 to 6 "
                       "(with or without '-') nor 'multiscales'");
    c->p->output.product_name = name;
    return ZAGG_OK;
}

static zagg_status read_layout(const zg_cfg *c, const zg_spot *output)
{
    zagg_output *o = &c->p->output;
    zg_spot s = zg_spot_get(output, "store_layout");
    bool healpix = o->grid_type == NULL || strcmp(o->grid_type, "healpix") == 0;
    bool compat = o->compat == ZAGG_COMPAT_0_11;
    o->store_layout = healpix && !compat ? ZAGG_LAYOUT_HIVE : ZAGG_LAYOUT_FLAT;
    if (zg_spot_is_set(&s)) {
        if (!zagg_value_is(s.value, "flat") && !zagg_value_is(s.value, "hive"))
            return zg_must(c, &s, "flat or hive");
        o->store_layout_given = true;
        o->store_layout =
            zagg_value_is(s.value, "hive") ? ZAGG_LAYOUT_HIVE : ZAGG_LAYOUT_FLAT;
    }
    if (o->store_layout != ZAGG_LAYOUT_HIVE)
        return ZAGG_OK;
    if (!healpix)
        return zg_fail(c, &s, "the hive layout needs a healpix grid; write flat");
    if (compat)
        return zg_fail(c, &s, "zagg 0.11 knows no hive layout; write flat");
    return ZAGG_OK;
}

/* coverage_moc and leaf_versions: only a hive has such a thing. */
static zagg_status read_hive_flag(const zg_cfg *c, const zg_spot *output, const char *key,
                                  bool *out)
{
    zg_spot s = zg_spot_get(output, key);
    if (!zg_spot_is_set(&s))
        return ZAGG_OK;
    ZAGG_TRY(zg_read_bool(c, &s, out));
    if (*out && c->p->output.store_layout != ZAGG_LAYOUT_HIVE)
        return zg_fail(c, &s, "only the hive layout has it; remove it");
    return ZAGG_OK;
}

static zagg_status read_hive_flags(const zg_cfg *c, const zg_spot *output)
{
    bool versions = false;
    c->p->output.coverage_moc = c->p->output.store_layout == ZAGG_LAYOUT_HIVE;
    ZAGG_TRY(read_hive_flag(c, output, "coverage_moc", &c->p->output.coverage_moc));
    return read_hive_flag(c, output, "leaf_versions", &versions);
}

static zagg_status read_codec(const zg_cfg *c, const zg_spot *output)
{
    zagg_output *o = &c->p->output;
    zg_spot codec = zg_spot_get(output, "codec");
    zg_spot level = zg_spot_get(output, "codec_level");
    int64_t n = DEFAULT_ZSTD_LEVEL;
    if (zg_spot_is_set(&codec)) {
        if (!zagg_value_is(codec.value, "zstd") && !zagg_value_is(codec.value, "none"))
            return zg_must(c, &codec, "zstd or none");
        o->zstd = zagg_value_is(codec.value, "zstd");
    }
    if (o->zstd && o->compat == ZAGG_COMPAT_0_11)
        return zg_fail(c, &codec, "zagg 0.11 packs no numbers; remove it");
    if (zg_spot_is_set(&level)) {
        if (!o->zstd)
            return zg_fail(c, &level,
                           "there is no codec to have a level; write codec: "
                           "zstd or remove it");
        if (!zagg_value_i64(level.value, &n) || n < 1 || n > MAX_ZSTD_LEVEL)
            return zg_must(c, &level, "an integer from 1 to %d", MAX_ZSTD_LEVEL);
    }
    o->zstd_level = (int)n;
    return ZAGG_OK;
}

zagg_status zg_load_output(const zg_cfg *c, const zg_spot *output)
{
    zagg_output *o = &c->p->output;
    zg_spot consolidate = zg_spot_get(output, "consolidate_metadata");
    zg_spot mask = zg_spot_get(output, "aoi_mask");
    zg_spot store = zg_spot_get(output, "store");
    zg_spot product = zg_spot_get(output, "product_name");
    zg_spot touch = zg_spot_get(output, "touch");
    if (zg_spot_is_set(&mask))
        ZAGG_TRY(zg_read_bool(c, &mask, &o->aoi_mask));
    if (o->aoi_mask && o->compat == ZAGG_COMPAT_0_11)
        return zg_fail(c, &mask, "zagg 0.11 knows no mask; remove one of the two");
    /* 0.11 consolidates after every run, 0.61 only on request */
    o->consolidate_metadata = o->compat == ZAGG_COMPAT_0_11;
    if (zg_spot_is_set(&consolidate))
        ZAGG_TRY(zg_read_bool(c, &consolidate, &o->consolidate_metadata));
    ZAGG_TRY(read_layout(c, output));
    ZAGG_TRY(read_hive_flags(c, output));
    ZAGG_TRY(read_codec(c, output));
    if (zg_spot_is_set(&touch) && !zagg_value_is(touch.value, "auto") &&
        !zagg_value_is(touch.value, "always") && !zagg_value_is(touch.value, "never"))
        return zg_must(c, &touch, "auto, always or never");
    if (zg_spot_is_set(&product))
        ZAGG_TRY(check_product_name(c, &product));
    if (o->store_layout == ZAGG_LAYOUT_HIVE && o->consolidate_metadata)
        return zg_fail(c, &consolidate,
                       "a hive store has no root hierarchy to consolidate; remove it or "
                       "write store_layout: flat");
    return zg_read_opt_text(c, &store, &o->store);
}

static zagg_status read_pair(const zg_cfg *c, const zg_spot *s, int64_t out[2])
{
    if (!zg_spot_is_list(s) || s->value->n != 2)
        return zg_must(c, s, "[rows, columns]");
    for (size_t i = 0; i < 2; i++) {
        zg_spot item = zg_spot_item(s, i);
        ZAGG_TRY(zg_read_i64(c, &item, 1, &out[i]));
    }
    return ZAGG_OK;
}

static zagg_status check_rect_geometry(const zg_cfg *c, const zg_spot *grid)
{
    zagg_output *o = &c->p->output;
    zg_spot bounds = zg_spot_get(grid, "bounds");
    zg_spot resolution = zg_spot_get(grid, "resolution");
    zg_spot crs = zg_spot_get(grid, "crs");
    zg_spot shape = zg_spot_get(grid, "chunk_shape");
    zg_spot inner = zg_spot_get(grid, "chunk_inner");
    if (o->bounds[2] <= o->bounds[0] || o->bounds[3] <= o->bounds[1])
        return zg_must(c, &bounds,
                       "[xmin, ymin, xmax, ymax] with xmax > xmin and ymax > ymin");
    if (o->resolution[0] <= 0 || o->resolution[1] <= 0)
        return zg_must(c, &resolution, "above 0");
    if (strncmp(o->crs, "EPSG:", 5) == 0 &&
        (o->crs[5] == '\0' || o->crs[5 + strspn(o->crs + 5, "0123456789")] != '\0'))
        return zg_must(c, &crs, "EPSG: followed by a number");
    o->chunk_shape[0] = o->chunk_shape[1] = 256;
    if (zg_spot_is_set(&shape))
        ZAGG_TRY(read_pair(c, &shape, o->chunk_shape));
    if (!zg_spot_is_set(&inner))
        return ZAGG_OK;
    ZAGG_TRY(read_pair(c, &inner, o->rect_chunk_inner));
    for (size_t i = 0; i < 2; i++)
        if (o->chunk_shape[i] % o->rect_chunk_inner[i] != 0)
            return zg_fail(c, &inner,
                           "found [%lld, %lld]; must divide chunk_shape [%lld, %lld] on "
                           "both axes",
                           (long long)o->rect_chunk_inner[0],
                           (long long)o->rect_chunk_inner[1],
                           (long long)o->chunk_shape[0], (long long)o->chunk_shape[1]);
    return ZAGG_OK;
}

static zagg_status check_healpix_geometry(const zg_cfg *c, const zg_spot *grid)
{
    zagg_output *o = &c->p->output;
    zg_spot child = zg_spot_get(grid, "child_order");
    zg_spot inner = zg_spot_get(grid, "chunk_inner");
    zg_spot sharded = zg_spot_get(grid, "sharded");
    if (o->child_order < o->parent_order)
        return zg_must(c, &child, "at least parent_order (%lld)",
                       (long long)o->parent_order);
    if (o->chunk_inner >= 0 &&
        (o->chunk_inner < o->parent_order || o->chunk_inner > o->child_order))
        return zg_must(c, &inner, "from parent_order (%lld) to child_order (%lld)",
                       (long long)o->parent_order, (long long)o->child_order);
    if (o->compat == ZAGG_COMPAT_0_11) {
        if (o->sharded && (o->chunk_inner < 0 || o->chunk_inner == o->parent_order))
            return zg_fail(c, &sharded,
                           "zagg 0.11 refuses shards of one chunk: write a chunk_inner "
                           "above parent_order, or sharded: false");
        return ZAGG_OK;
    }
    if (o->chunk_inner < 0 && o->sharded &&
        o->child_order - DEFAULT_CHUNK_DEPTH > o->parent_order)
        o->chunk_inner = o->child_order - DEFAULT_CHUNK_DEPTH;
    return ZAGG_OK;
}

/* What upstream finds when it builds the grid, said here with the line. */
zagg_status zg_check_grid_geometry(const zg_cfg *c, const zg_spot *output)
{
    zagg_output *o = &c->p->output;
    zg_spot grid = zg_spot_get(output, "grid");
    if (o->grid_type == NULL)
        return ZAGG_OK;
    bool healpix = strcmp(o->grid_type, "healpix") == 0;
    if (!healpix && strcmp(o->grid_type, "rectilinear") != 0) {
        zg_spot type = zg_spot_get(&grid, "type");
        return zg_must(c, &type, "healpix or rectilinear");
    }
    zg_spot sharded = zg_spot_get(&grid, "sharded");
    o->sharded_given = sharded.value != NULL;
    o->sharded = healpix && o->compat != ZAGG_COMPAT_0_11;
    if (zg_spot_is_set(&sharded))
        ZAGG_TRY(zg_read_bool(c, &sharded, &o->sharded));
    else if (sharded.value != NULL)
        o->sharded = false; /* an explicit null is false upstream, not the default */
    return healpix ? check_healpix_geometry(c, &grid) : check_rect_geometry(c, &grid);
}
