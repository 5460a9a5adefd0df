/* The page: frame, style and script as they are in page/, and the scene as JSON between
 * them. Its names and values come from files of others: the JSON is ASCII, and the three
 * characters that could end or open a tag are escaped wherever they stand, so that no
 * text can leave it. The script itself sets text, never HTML, and the page's own policy
 * lets nothing else run. */
#include "text/text.h"
#include "view/page_texts.h"
#include "view/scene.h"
#include "view/shrink.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>

/* Text is written to the file in pieces of about this size. */
#define PIECE_BYTES ((size_t)1 << 16)

typedef struct page {
    const zg_scene *scene;
    FILE *file;
    zg_str text; /* JSON not yet written */
    zg_lattice lattice;
    bool bad; /* the file takes no more */
} page;

/* ---- writing ---- */

/* These characters stand in texts only, where \u stands for them as well. */
static void flush_json(page *p)
{
    for (size_t i = 0; !p->bad && i < p->text.len; i++) {
        const char c = p->text.data[i];
        const char *safe = c == '<'   ? "\\u003c"
                           : c == '>' ? "\\u003e"
                           : c == '&' ? "\\u0026"
                                      : NULL;
        p->bad = safe != NULL ? fputs(safe, p->file) == EOF : putc(c, p->file) == EOF;
    }
    p->text.len = 0;
}

static void flow(page *p)
{
    if (p->text.len >= PIECE_BYTES)
        flush_json(p);
}

static void add_text(page *p, const char *text)
{
    if (text == NULL)
        zg_str_add(&p->text, "null");
    else
        zg_json_add_string(&p->text, text, strlen(text));
}

static void member(page *p, const char *name)
{
    zg_str_addf(&p->text, ",\"%s\":", name);
}

/* Fewest digits that read back as the same float32: more than anyone looks at. */
static void add_number(page *p, double v)
{
    char digits[32];
    if (!isfinite(v)) {
        zg_str_add(&p->text, "null");
    } else if (v == floor(v) && fabs(v) < 9007199254740992.0) {
        zg_str_addf(&p->text, "%" PRId64, (int64_t)v);
    } else {
        const bool small = fabs(v) < 3e38 && fabs(v) > 1e-37;
        (void)(small ? zg_float32_repr((float)v, digits) : zg_float_repr(v, digits));
        zg_str_add(&p->text, digits);
    }
}

static void add_exact(page *p, double v)
{
    char digits[32];
    (void)zg_float_repr(v, digits);
    zg_str_add(&p->text, digits);
}

/* ---- shapes ---- */

static void add_ring(page *p, const zg_lattice_ring *ring)
{
    int64_t x = 0, y = 0;
    zg_str_addc(&p->text, '[');
    for (size_t i = 0; i < ring->n; i++) {
        zg_str_addf(&p->text, "%s%" PRId64 ",%" PRId64, i > 0 ? "," : "", ring->x[i] - x,
                    ring->y[i] - y);
        x = ring->x[i];
        y = ring->y[i];
    }
    zg_str_addc(&p->text, ']');
}

static zagg_status add_shapes(page *p, const zg_outlines *o, zagg_err *err)
{
    zg_lattice_ring ring;
    zg_str_addc(&p->text, '[');
    for (size_t i = 0; i < zg_outlines_n(o); i++) {
        size_t first, end;
        zg_outlines_item(o, i, &first, &end);
        zg_str_add(&p->text, i > 0 ? ",[" : "[");
        for (size_t r = first; r < end; r++) {
            ZAGG_TRY(zg_lattice_take(&p->lattice, o, r, &ring, err));
            if (r > first)
                zg_str_addc(&p->text, ',');
            add_ring(p, &ring);
        }
        zg_str_addc(&p->text, ']');
        flow(p);
    }
    zg_str_addc(&p->text, ']');
    return ZAGG_OK;
}

/* ---- items ---- */

typedef enum column {
    COLUMN_LABEL,
    COLUMN_KEY,
    COLUMN_VALUE,
    COLUMN_PARTS,
    COLUMN_LOW,
    COLUMN_HIGH,
    COLUMN_COUNT,
    COLUMN_TIME,
    COLUMN_MEMBERS
} column;

static void add_members(page *p, const zg_item *item)
{
    zg_str_addc(&p->text, '[');
    for (size_t k = 0; k < item->n_members; k++)
        zg_str_addf(&p->text, "%s%" PRIu32, k > 0 ? "," : "",
                    *ZG_VEC_AT(&p->scene->members, uint32_t, item->first_member + k));
    zg_str_addc(&p->text, ']');
}

static void add_cell(page *p, column what, const zg_item *item)
{
    switch (what) {
    case COLUMN_LABEL:
        add_text(p, item->label);
        break;
    case COLUMN_KEY:
        zg_str_addf(&p->text, "\"%" PRIu64 "\"", item->key);
        break;
    case COLUMN_VALUE:
        add_number(p, item->value);
        break;
    case COLUMN_PARTS:
        zg_str_addf(&p->text, "%" PRIu64, item->parts);
        break;
    case COLUMN_LOW:
    case COLUMN_HIGH:
        add_number(p, what == COLUMN_LOW ? item->low : item->high);
        break;
    case COLUMN_COUNT:
        add_number(p, item->count == UINT64_MAX ? (double)NAN : (double)item->count);
        break;
    case COLUMN_TIME:
        add_text(p, item->time);
        break;
    case COLUMN_MEMBERS:
        add_members(p, item);
        break;
    }
}

/* Has any item something to say there? */
static bool is_told(const zg_scene *s, column what)
{
    for (size_t i = 0; i < s->items.len; i++) {
        const zg_item *item = ZG_VEC_AT(&s->items, zg_item, i);
        if (what == COLUMN_KEY                             ? item->key != 0
            : what == COLUMN_COUNT                         ? item->count != UINT64_MAX
            : what == COLUMN_TIME                          ? item->time != NULL
            : what == COLUMN_MEMBERS                       ? item->n_members > 0
            : what == COLUMN_LABEL || what == COLUMN_VALUE ? true
                                                           : item->parts > 1)
            return true;
    }
    return false;
}

static void add_column(page *p, const char *name, column what)
{
    const zg_scene *s = p->scene;
    if (what != COLUMN_LABEL && what != COLUMN_VALUE && !is_told(s, what))
        return;
    member(p, name);
    zg_str_addc(&p->text, '[');
    for (size_t i = 0; i < s->items.len; i++) {
        if (i > 0)
            zg_str_addc(&p->text, ',');
        add_cell(p, what, ZG_VEC_AT(&s->items, zg_item, i));
        flow(p);
    }
    zg_str_addc(&p->text, ']');
}

static void add_items(page *p)
{
    add_column(p, "labels", COLUMN_LABEL);
    add_column(p, "keys", COLUMN_KEY);
    add_column(p, "values", COLUMN_VALUE);
    add_column(p, "parts", COLUMN_PARTS);
    add_column(p, "low", COLUMN_LOW);
    add_column(p, "high", COLUMN_HIGH);
    add_column(p, "counts", COLUMN_COUNT);
    add_column(p, "times", COLUMN_TIME);
    add_column(p, "members", COLUMN_MEMBERS);
    member(p, "granules");
    zg_str_addc(&p->text, '[');
    for (size_t i = 0; i < p->scene->granules.len; i++) {
        const zg_granule_text *g = ZG_VEC_AT(&p->scene->granules, zg_granule_text, i);
        zg_str_add(&p->text, i > 0 ? ",[" : "[");
        add_text(p, g->id);
        zg_str_addc(&p->text, ',');
        add_text(p, g->time);
        zg_str_addc(&p->text, ']');
        flow(p);
    }
    zg_str_addc(&p->text, ']');
}

/* ---- the rest ---- */

static void add_words(page *p)
{
    static const char *const KINDS[] = {"number", "count", "date"};
    const zg_scene *s = p->scene;
    zg_str_add(&p->text, "{\"kind\":");
    add_text(p, s->kind);
    member(p, "title");
    add_text(p, s->title);
    member(p, "item");
    add_text(p, s->item_name);
    member(p, "value");
    add_text(p, s->value_name);
    zg_str_addf(&p->text, ",\"valueKind\":\"%s\",\"seeThrough\":%s,\"facts\":[",
                KINDS[s->value_kind], s->see_through ? "true" : "false");
    for (size_t i = 0; i < s->facts.len; i++) {
        const zg_fact *fact = ZG_VEC_AT(&s->facts, zg_fact, i);
        zg_str_add(&p->text, i > 0 ? ",[" : "[");
        add_text(p, fact->name);
        zg_str_addc(&p->text, ',');
        add_text(p, fact->text);
        zg_str_addc(&p->text, ']');
    }
    zg_str_add(&p->text, "],\"notes\":[");
    for (size_t i = 0; i < s->notes.len; i++) {
        zg_str_add(&p->text, i > 0 ? "," : "");
        add_text(p, *ZG_VEC_AT(&s->notes, const char *, i));
    }
    zg_str_addc(&p->text, ']');
}

static void add_scale(page *p)
{
    const zg_scale *c = &p->scene->scale;
    member(p, "ramp");
    for (size_t i = 0; i < ZG_RAMP_STOPS; i++)
        zg_str_addf(&p->text, "%s\"#%02x%02x%02x\"", i > 0 ? "," : "[", zg_ramp[i][0],
                    zg_ramp[i][1], zg_ramp[i][2]);
    zg_str_addc(&p->text, ']');
    member(p, "scale");
    if (!c->any) {
        zg_str_add(&p->text, "null");
        return;
    }
    zg_str_add(&p->text, "{\"low\":");
    add_exact(p, c->low);
    member(p, "high");
    add_exact(p, c->high);
    zg_str_addf(&p->text, ",\"log\":%s,\"cutBelow\":%s,\"cutAbove\":%s}",
                c->log ? "true" : "false", c->cut_below ? "true" : "false",
                c->cut_above ? "true" : "false");
}

static void add_map(page *p)
{
    static const char *const KINDS[] = {"", "north", "south", "lonlat"};
    const zg_scene *s = p->scene;
    const zg_lattice *l = &p->lattice;
    zg_str_addf(&p->text,
                ",\"projection\":{\"kind\":\"%s\",\"lon0\":", KINDS[s->projection.kind]);
    add_exact(p, s->projection.lon0_deg);
    member(p, "shrink");
    add_exact(p, s->projection.shrink);
    zg_str_add(&p->text, "},\"origin\":[");
    add_exact(p, l->x0);
    zg_str_addc(&p->text, ',');
    add_exact(p, l->y0);
    zg_str_add(&p->text, "],\"unit\":");
    add_exact(p, l->unit);
    zg_str_addf(&p->text, ",\"extent\":[%.0f,%.0f,%.0f,%.0f]",
                (s->west - l->x0) / l->unit, (s->south - l->y0) / l->unit,
                (s->east - l->x0) / l->unit, (s->north - l->y0) / l->unit);
}

static zagg_status add_data(page *p, zagg_err *err)
{
    add_words(p);
    add_scale(p);
    add_map(p);
    add_items(p);
    member(p, "shapes");
    ZAGG_TRY(add_shapes(p, &p->scene->shapes, err));
    if (zg_outlines_n(&p->scene->footprints) > 0) {
        member(p, "footprints");
        ZAGG_TRY(add_shapes(p, &p->scene->footprints, err));
    }
    if (zg_outlines_n(&p->scene->aoi) > 0) {
        member(p, "aoi");
        ZAGG_TRY(add_shapes(p, &p->scene->aoi, err));
    }
    if (zg_outlines_n(&p->scene->land) > 0) {
        member(p, "land");
        ZAGG_TRY(add_shapes(p, &p->scene->land, err));
    }
    zg_str_addc(&p->text, '}');
    flush_json(p);
    return p->text.failed ? zagg_err_set(err, ZAGG_ENOMEM, "no memory to write a page")
                          : ZAGG_OK;
}

/* ---- the frame ---- */

/* SHA-256 as content security policies name it: base64, 44 characters. */
static void policy_hash(const char *text, char out[45])
{
    static const char DIGITS[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    uint8_t hash[33] = {0};
    zg_sha256(text, strlen(text), hash);
    for (size_t i = 0; i < 11; i++) {
        const uint32_t v = (uint32_t)hash[3 * i] << 16 | (uint32_t)hash[3 * i + 1] << 8 |
                           hash[3 * i + 2];
        for (size_t k = 0; k < 4; k++)
            out[4 * i + k] = DIGITS[v >> (18 - 6 * k) & 63];
    }
    out[43] = '='; /* 32 bytes are one short of a multiple of three */
    out[44] = '\0';
}

static void put(page *p, const char *text, size_t len)
{
    p->bad |= len > 0 && fwrite(text, 1, len, p->file) != len;
}

static zagg_status put_part(page *p, const char *name, size_t len, zagg_err *err)
{
    char hash[45];
    if (len == 4 && memcmp(name, "DATA", 4) == 0)
        return add_data(p, err);
    if (len == 5 && memcmp(name, "STYLE", 5) == 0)
        put(p, zg_page_css, strlen(zg_page_css));
    else if (len == 6 && memcmp(name, "SCRIPT", 6) == 0)
        put(p, zg_page_js, strlen(zg_page_js));
    else {
        policy_hash(len == 10 ? zg_page_css : zg_page_js, hash);
        put(p, hash, 44);
    }
    return ZAGG_OK;
}

static zagg_status put_page(page *p, zagg_err *err)
{
    const char *at = zg_page_html;
    for (;;) {
        const char *open = strchr(at, '@');
        const char *close = open != NULL ? strchr(open + 1, '@') : NULL;
        if (close == NULL)
            break;
        put(p, at, (size_t)(open - at));
        ZAGG_TRY(put_part(p, open + 1, (size_t)(close - open - 1), err));
        at = close + 1;
    }
    put(p, at, strlen(at));
    return ZAGG_OK;
}

zagg_status zg_view_html(const zg_scene *scene, FILE *file, zagg_err *err)
{
    page p = {.scene = scene, .file = file};
    zg_str_init(&p.text, 0);
    zg_lattice_choose(&p.lattice, scene);
    errno = 0;
    zagg_status status = put_page(&p, err);
    const int number = errno;
    if (status == ZAGG_OK && p.bad) {
        status =
            zagg_err_set(err, ZAGG_EIO, "cannot write the page: %s", strerror(number));
        if (err != NULL)
            err->sys_errno = number;
    }
    zg_lattice_free(&p.lattice);
    zg_str_free(&p.text);
    return status;
}
