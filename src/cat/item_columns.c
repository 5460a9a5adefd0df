/* Columns of stac-geoparquet, found by looking at every value. */
#include "cat/item_columns.h"

#include "cat/times.h"
#include "cat/wkb_value.h"

#include <string.h>

enum { MAX_DEPTH = 24, MAX_FIELDS = 8192 };

/* What values of a field have been seen. */
enum {
    SEEN_BOOL = 1,
    SEEN_INT = 2,      /* fits int64 */
    SEEN_NEGATIVE = 4, /* an integer below 0 */
    SEEN_LARGE = 8,    /* above int64 */
    SEEN_FLOAT = 16,
    SEEN_TEXT = 32,
    SEEN_NO_TIME = 64, /* a text that is none */
    SEEN_MAP = 128,
    SEEN_LIST = 256
};

typedef struct field {
    const char *name;
    unsigned seen;
    struct field *child, *last_child, *next; /* members, or the element of a list */
    size_t n;
} field;

struct zg_item_columns {
    zagg_arena *arena;
    field root;
    size_t n_fields;
};

static const char *const ITEM_MEMBERS[] = {
    "type",     "stac_version", "stac_extensions", "id",     "collection",
    "geometry", "bbox",         "links",           "assets", NULL};

/* As stac-geoparquet has them: columns of time where all of their values are times. */
static const char *const TIMES[] = {
    "datetime", "start_datetime", "end_datetime", "created",
    "updated",  "expires",        "published",    NULL};

static bool is_one_of(const char *name, const char *const *names)
{
    while (*names != NULL && strcmp(name, *names) != 0)
        names++;
    return *names != NULL;
}

zagg_status zg_item_columns_new(zg_item_columns **out, zagg_err *err)
{
    zg_item_columns *c = zg_alloc(1, sizeof *c);
    if (c == NULL)
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory for columns");
    const zagg_status status = zagg_arena_new(0, &c->arena, err);
    if (status != ZAGG_OK) {
        zg_free(c);
        return status;
    }
    c->root = (field){.name = "item", .seen = SEEN_MAP};
    *out = c;
    return ZAGG_OK;
}

void zg_item_columns_free(zg_item_columns *c)
{
    if (c == NULL)
        return;
    zagg_arena_free(c->arena);
    zg_free(c);
}

/* ---- gathering ---- */

static zagg_status child_of(zg_item_columns *c, field *parent, const char *name,
                            field **out, zagg_err *err)
{
    field *f = parent->child;
    while (f != NULL && strcmp(f->name, name) != 0)
        f = f->next;
    if (f == NULL) {
        if (++c->n_fields > MAX_FIELDS)
            return zagg_err_set(err, ZAGG_ERANGE,
                                "more than %d different members: no table (assets named "
                                "by their files?); write .ndjson.gz",
                                MAX_FIELDS);
        ZAGG_TRY(zagg_arena_alloc(c->arena, 1, sizeof *f, &f, err));
        f->name = zagg_arena_strndup(c->arena, name, strlen(name));
        if (f->name == NULL)
            return zagg_err_set(err, ZAGG_ENOMEM, "no memory for columns");
        if (parent->last_child != NULL)
            parent->last_child->next = f;
        else
            parent->child = f;
        parent->last_child = f;
        parent->n++;
    }
    *out = f;
    return ZAGG_OK;
}

static unsigned seen_of(const zagg_value *v)
{
    int64_t us;
    switch (v->kind) {
    case ZAGG_BOOL:
        return SEEN_BOOL;
    case ZAGG_INT:
        return v->u.i < 0 ? SEEN_INT | SEEN_NEGATIVE : SEEN_INT;
    case ZAGG_UINT:
        return SEEN_LARGE;
    case ZAGG_FLOAT:
        return SEEN_FLOAT;
    case ZAGG_STR:
        return zg_utc_parse(v->str, &us) ? SEEN_TEXT : SEEN_TEXT | SEEN_NO_TIME;
    case ZAGG_MAP:
        return SEEN_MAP;
    case ZAGG_LIST:
        return SEEN_LIST;
    default:
        return 0;
    }
}

/* Kinds that one column can hold together: one of these. */
static bool go_together(unsigned seen)
{
    static const unsigned GROUPS[] = {SEEN_BOOL,
                                      SEEN_INT | SEEN_NEGATIVE | SEEN_LARGE | SEEN_FLOAT,
                                      SEEN_TEXT | SEEN_NO_TIME, SEEN_MAP, SEEN_LIST};
    for (size_t i = 0; i < sizeof GROUPS / sizeof GROUPS[0]; i++)
        if ((seen & ~GROUPS[i]) == 0)
            return true;
    return false;
}

static zagg_status note(zg_item_columns *c, field *f, const zagg_value *v, unsigned depth,
                        zagg_err *err);

static zagg_status note_members(zg_item_columns *c, field *f, const zagg_value *v,
                                unsigned depth, zagg_err *err)
{
    for (size_t i = 0; i < v->n; i++) {
        field *child = NULL;
        ZAGG_TRY(child_of(c, f, v->members[i].key->str, &child, err));
        const zagg_status status = note(c, child, v->members[i].value, depth + 1, err);
        if (status != ZAGG_OK)
            return depth == 0 ? status : zagg_err_context(err, status, "%s", f->name);
    }
    return ZAGG_OK;
}

static zagg_status note(zg_item_columns *c, field *f, const zagg_value *v, unsigned depth,
                        zagg_err *err)
{
    if (depth > MAX_DEPTH)
        return zagg_err_set(err, ZAGG_ERANGE, "nested more than %d deep: no table",
                            MAX_DEPTH);
    f->seen |= seen_of(v);
    if (!go_together(f->seen))
        return zagg_err_set(err, ZAGG_EFORMAT,
                            "%s is %s here and something else in items before: no column "
                            "of a table; write .ndjson.gz",
                            f->name, zagg_value_kind_name(v));
    if (v->kind == ZAGG_MAP)
        return note_members(c, f, v, depth, err);
    for (size_t i = 0; v->kind == ZAGG_LIST && i < v->n; i++) {
        field *element = NULL;
        ZAGG_TRY(child_of(c, f, "element", &element, err));
        ZAGG_TRY(note(c, element, v->items[i], depth + 1, err));
    }
    return ZAGG_OK;
}

static zagg_status note_member(zg_item_columns *c, const zagg_member *m, zagg_err *err)
{
    field *f = NULL;
    const char *name = m->key->str;
    if (strcmp(name, "geometry") == 0 || strcmp(name, "bbox") == 0 ||
        strcmp(name, "properties") == 0)
        return ZAGG_OK; /* columns of their own form */
    ZAGG_TRY(child_of(c, &c->root, name, &f, err));
    return note(c, f, m->value, 1, err);
}

zagg_status zg_item_columns_note(zg_item_columns *c, const zagg_value *item,
                                 zagg_err *err)
{
    const zagg_value *properties = zagg_value_get_set(item, "properties");
    for (size_t i = 0; i < item->n; i++)
        ZAGG_TRY(note_member(c, &item->members[i], err));
    if (properties == NULL || properties->kind != ZAGG_MAP)
        return ZAGG_OK;
    for (size_t i = 0; i < properties->n; i++) {
        const zagg_member *m = &properties->members[i];
        field *f = NULL;
        if (is_one_of(m->key->str, ITEM_MEMBERS) ||
            zagg_value_get(item, m->key->str) != NULL)
            return zagg_err_set(err, ZAGG_EFORMAT,
                                "the property %s has the name of a member of items: no "
                                "table can hold both; write .ndjson.gz",
                                m->key->str);
        ZAGG_TRY(child_of(c, &c->root, m->key->str, &f, err));
        ZAGG_TRY(note(c, f, m->value, 1, err));
    }
    return ZAGG_OK;
}

/* ---- columns ---- */

static zg_pq_type type_of(const field *f, bool top)
{
    const unsigned seen = f->seen;
    if (seen & SEEN_MAP)
        return ZG_PQ_STRUCT;
    if (seen & SEEN_LIST)
        return ZG_PQ_LIST;
    if (top && is_one_of(f->name, TIMES) && (seen & SEEN_NO_TIME) == 0)
        return ZG_PQ_TIME;
    if (seen == 0 || (seen & SEEN_TEXT))
        return ZG_PQ_TEXT;
    if (seen & SEEN_BOOL)
        return ZG_PQ_BOOL;
    if ((seen & SEEN_FLOAT) ||
        (seen & (SEEN_LARGE | SEEN_NEGATIVE)) == (SEEN_LARGE | SEEN_NEGATIVE))
        return ZG_PQ_F64;
    return seen & SEEN_LARGE ? ZG_PQ_U64 : ZG_PQ_I64;
}

static const zg_pq_column TEXT_ELEMENT = {"element", ZG_PQ_TEXT, NULL, 0};
static const zg_pq_column WORD_ELEMENT = {"element", ZG_PQ_U64, NULL, 0};
static const zg_pq_column HREF = {"href", ZG_PQ_TEXT, NULL, 0};
static const zg_pq_column NO_ASSETS = {"data", ZG_PQ_STRUCT, &HREF, 1};
static const zg_pq_column BOX[] = {{"xmin", ZG_PQ_F64, NULL, 0},
                                   {"ymin", ZG_PQ_F64, NULL, 0},
                                   {"xmax", ZG_PQ_F64, NULL, 0},
                                   {"ymax", ZG_PQ_F64, NULL, 0}};
static const zg_pq_column ALWAYS[] = {{"geometry", ZG_PQ_BYTES, NULL, 0},
                                      {"bbox", ZG_PQ_STRUCT, BOX, 4}};

/* *out is false for an object of which no member was ever seen. */
static zagg_status column_of(zg_item_columns *c, const field *f, bool top,
                             zg_pq_column *to, bool *out, zagg_err *err)
{
    zg_pq_column *children = NULL;
    *to = (zg_pq_column){.name = f->name, .type = type_of(f, top)};
    *out = true;
    if (to->type != ZG_PQ_STRUCT && to->type != ZG_PQ_LIST)
        return ZAGG_OK;
    ZAGG_TRY(zagg_arena_alloc(c->arena, f->n + 1, sizeof *children, &children, err));
    for (const field *k = f->child; k != NULL; k = k->next) {
        bool any = false;
        ZAGG_TRY(column_of(c, k, false, &children[to->n_children], &any, err));
        to->n_children += any;
    }
    to->children = children;
    if (to->n_children > 0) {
        if (top && strcmp(f->name, "footprint_cells") == 0 &&
            children[0].type == ZG_PQ_I64)
            children[0] = WORD_ELEMENT;
        return ZAGG_OK;
    }
    /* an empty list has elements of some type all the same */
    *out = to->type == ZG_PQ_LIST || (top && strcmp(f->name, "assets") == 0);
    to->children = to->type == ZG_PQ_LIST ? &TEXT_ELEMENT : &NO_ASSETS;
    to->n_children = 1;
    return ZAGG_OK;
}

zagg_status zg_item_columns_settle(zg_item_columns *c, const zg_pq_column **out,
                                   size_t *n, zagg_err *err)
{
    zg_pq_column *columns = NULL;
    field *f = NULL;
    size_t count = 0;
    /* what readers of catalogs ask for, whatever the items have */
    static const char *const NEEDED[] = {"id", "assets", NULL};
    for (size_t i = 0; NEEDED[i] != NULL; i++)
        ZAGG_TRY(child_of(c, &c->root, NEEDED[i], &f, err));
    f->seen |= SEEN_MAP;
    ZAGG_TRY(zagg_arena_alloc(c->arena, c->root.n + 2, sizeof *columns, &columns, err));
    for (f = c->root.child; f != NULL; f = f->next) {
        bool any = false;
        ZAGG_TRY(column_of(c, f, true, &columns[count], &any, err));
        count += any;
    }
    columns[count++] = ALWAYS[0];
    columns[count++] = ALWAYS[1];
    *out = columns;
    *n = count;
    return ZAGG_OK;
}

/* ---- rows ---- */

/* An object without those of its members that have no column: objects that are empty in
 * all items. */
static bool has_column(const field *f)
{
    if ((f->seen & SEEN_MAP) == 0)
        return true;
    for (const field *k = f->child; k != NULL; k = k->next)
        if (has_column(k))
            return true;
    return false;
}

static const field *find_child(const field *f, const char *name)
{
    const field *k = f->child;
    while (k != NULL && strcmp(k->name, name) != 0)
        k = k->next;
    return k;
}

/* `v` as it stands, or a copy without members that have no column. */
static const zagg_value *fitting(zg_maker *m, const field *f, const zagg_value *v)
{
    zg_object copy;
    if (v->kind != ZAGG_MAP || f == NULL)
        return v;
    bool all = true;
    for (const field *k = f->child; k != NULL; k = k->next)
        all = all && (k->seen & SEEN_MAP) == 0;
    if (all)
        return v;
    zg_object_begin(&copy, m);
    for (size_t i = 0; i < v->n; i++) {
        const field *k = find_child(f, v->members[i].key->str);
        if (k != NULL && has_column(k))
            zg_object_put(&copy, v->members[i].key->str,
                          fitting(m, k, v->members[i].value));
    }
    return zg_object_end(&copy);
}

static void put_members(zg_item_columns *c, zg_object *row, zg_maker *m,
                        const zagg_value *of, bool properties)
{
    for (size_t i = 0; of != NULL && of->kind == ZAGG_MAP && i < of->n; i++) {
        const char *name = of->members[i].key->str;
        if (!properties && (strcmp(name, "geometry") == 0 || strcmp(name, "bbox") == 0 ||
                            strcmp(name, "properties") == 0))
            continue;
        const field *f = find_child(&c->root, name);
        if (f != NULL && (has_column(f) || strcmp(name, "assets") == 0))
            zg_object_put(row, name, fitting(m, f, of->members[i].value));
    }
}

static const zagg_value *box_row(zg_maker *m, const zagg_value *bbox)
{
    zg_object box;
    if (bbox == NULL || bbox->kind != ZAGG_LIST || (bbox->n != 4 && bbox->n != 6))
        return NULL;
    zg_object_begin(&box, m);
    for (size_t i = 0; i < 4; i++)
        zg_object_put(&box, BOX[i].name, bbox->items[i >= 2 && bbox->n == 6 ? i + 1 : i]);
    return zg_object_end(&box);
}

zagg_status zg_item_columns_row(zg_item_columns *c, const zagg_value *item, zg_maker *m,
                                zg_vec *wkb, const zagg_value **row, zagg_err *err)
{
    zg_object out;
    const zagg_value *geometry = zagg_value_get_set(item, "geometry");
    wkb->len = 0;
    if (geometry != NULL)
        ZAGG_TRY(zg_value_to_wkb(geometry, wkb, err));
    zg_object_begin(&out, m);
    put_members(c, &out, m, item, false);
    put_members(c, &out, m, zagg_value_get_set(item, "properties"), true);
    if (geometry != NULL)
        zg_object_put(&out, "geometry", zg_make_bytes(m, wkb->data, wkb->len));
    zg_object_put(&out, "bbox", box_row(m, zagg_value_get_set(item, "bbox")));
    *row = zg_object_end(&out);
    return m->status;
}
