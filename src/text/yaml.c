/* YAML 1.1 text to a value tree as PyYAML's safe_load builds it, over libyaml's events.
 *
 * Composer rules followed (yaml/composer.py, yaml/constructor.py): one document; an
 * anchor is defined once and before its aliases; a mapping's `<<` entries come first, the
 * mappings of a list in reverse order; of equal keys the first keeps its place and the
 * last its value. Not followed: !!binary, !!set, !!omap, !!pairs are refused, and so is
 * an alias inside the node that it names. Nesting and node count are measured with
 * aliases written out, so that whoever walks the tree needs no limits of his own. */
#include "text/compare.h"
#include "text/yaml_scalar.h"

#include <stdio.h>
#include <string.h>
#include <yaml.h>

enum { MAX_NODES = 1000000, MAX_ANCHORS = 1024 };

/* A finished node and what the limits need to know about it. */
typedef struct built {
    const zagg_value *node;
    zg_yaml_tag tag;
    size_t nodes;    /* this one and all below, aliases written out */
    unsigned height; /* levels of lists and maps */
} built;

typedef struct anchor {
    char *name;
    built target;
    bool open; /* still inside the anchored node */
} anchor;

typedef struct composer {
    yaml_parser_t parser;
    zg_tree tree;
    zg_vec anchors;
    size_t nodes;
    const char *name;
    zagg_err *err;
} composer;

static zagg_status fault_at(composer *c, zagg_status status, yaml_mark_t mark,
                            const char *what)
{
    return zagg_err_set(c->err, status, "%s: line %zu, column %zu: %s", c->name,
                        mark.line + 1, mark.column + 1, what);
}

/* Put name and place before the message of a scalar that could not be read. */
static zagg_status place_fault(composer *c, zagg_status status, yaml_mark_t mark)
{
    return zagg_err_context(c->err, status, "%s: line %zu, column %zu", c->name,
                            mark.line + 1, mark.column + 1);
}

static zagg_status parser_fault(composer *c)
{
    const yaml_parser_t *p = &c->parser;
    const char *problem = p->problem ? p->problem : "not readable as YAML";
    char what[256];
    if (p->error == YAML_MEMORY_ERROR)
        return zagg_err_set(c->err, ZAGG_ENOMEM, "%s: no memory to parse YAML", c->name);
    if (p->error == YAML_READER_ERROR)
        return zagg_err_set(c->err, ZAGG_EFORMAT, "%s: line %zu, byte %zu: %s", c->name,
                            p->mark.line + 1, p->problem_offset, problem);
    if (p->context)
        snprintf(what, sizeof what, "%s (%s that begins in line %zu)", problem,
                 p->context, p->context_mark.line + 1);
    else
        snprintf(what, sizeof what, "%s", problem);
    return fault_at(c, ZAGG_EFORMAT, p->problem_mark, what);
}

static zagg_status next_event(composer *c, yaml_event_t *event)
{
    memset(event, 0, sizeof *event);
    return yaml_parser_parse(&c->parser, event) ? ZAGG_OK : parser_fault(c);
}

static zagg_status count_nodes(composer *c, size_t n, yaml_mark_t mark)
{
    if (n > MAX_NODES - c->nodes)
        return fault_at(c, ZAGG_ERANGE, mark,
                        "more than 1000000 values, aliases written out");
    c->nodes += n;
    return ZAGG_OK;
}

static anchor *find_anchor(composer *c, const yaml_char_t *name)
{
    for (size_t i = 0; i < c->anchors.len; i++) {
        anchor *a = ZG_VEC_AT(&c->anchors, anchor, i);
        if (strcmp(a->name, (const char *)name) == 0)
            return a;
    }
    return NULL;
}

/* Register an anchor before its node is built. *index: where, or SIZE_MAX without one. */
static zagg_status open_anchor(composer *c, const yaml_char_t *name, yaml_mark_t mark,
                               size_t *index)
{
    *index = SIZE_MAX;
    if (!name)
        return ZAGG_OK;
    if (find_anchor(c, name))
        return fault_at(c, ZAGG_EFORMAT, mark, "this anchor is already defined");
    if (c->anchors.len == MAX_ANCHORS)
        return fault_at(c, ZAGG_ERANGE, mark, "more than 1024 anchors");
    anchor *a = zg_vec_push(&c->anchors);
    if (!a)
        return zagg_err_set(c->err, ZAGG_ENOMEM, "%s: no memory for an anchor", c->name);
    *index = c->anchors.len - 1;
    a->open = true;
    a->name = zg_strdup((const char *)name);
    if (!a->name) {
        c->anchors.len--;
        return zagg_err_set(c->err, ZAGG_ENOMEM, "%s: no memory for an anchor", c->name);
    }
    return ZAGG_OK;
}

static void close_anchor(composer *c, size_t index, const built *target)
{
    if (index == SIZE_MAX)
        return;
    anchor *a = ZG_VEC_AT(&c->anchors, anchor, index);
    a->target = *target;
    a->open = false;
}

static zagg_status follow_alias(composer *c, const yaml_event_t *event, unsigned depth,
                                built *out)
{
    const anchor *a = find_anchor(c, event->data.alias.anchor);
    if (!a)
        return fault_at(c, ZAGG_EFORMAT, event->start_mark,
                        "this alias names an anchor that is not defined above");
    if (a->open)
        return fault_at(c, ZAGG_EUNSUPPORTED, event->start_mark,
                        "this alias stands inside the value that it names");
    if (depth + a->target.height > ZG_TREE_MAX_DEPTH)
        return fault_at(c, ZAGG_ERANGE, event->start_mark,
                        "nested more than 64 levels deep");
    ZAGG_TRY(count_nodes(c, a->target.nodes, event->start_mark));
    *out = a->target;
    return ZAGG_OK;
}

static zagg_status new_node(composer *c, const yaml_event_t *event, zagg_kind kind,
                            zagg_value **out)
{
    ZAGG_TRY(count_nodes(c, 1, event->start_mark));
    ZAGG_TRY(zg_tree_node(&c->tree, kind, out, c->err));
    size_t line = event->start_mark.line, column = event->start_mark.column;
    (*out)->line = line < UINT32_MAX ? (uint32_t)line + 1 : UINT32_MAX;
    (*out)->column = column < UINT32_MAX ? (uint32_t)column + 1 : UINT32_MAX;
    return ZAGG_OK;
}

static zagg_status unknown_tag(composer *c, const yaml_char_t *tag, yaml_mark_t mark)
{
    char what[160];
    snprintf(what, sizeof what, "tag %.100s does not suit this value; remove it",
             (const char *)tag);
    return fault_at(c, ZAGG_EUNSUPPORTED, mark, what);
}

static zagg_status build_scalar(composer *c, const yaml_event_t *event, built *out)
{
    const char *text = (const char *)event->data.scalar.value;
    size_t len = event->data.scalar.length;
    const yaml_char_t *tag_name = event->data.scalar.tag;
    zg_yaml_tag tag = ZG_YAML_STR;
    zagg_value *node = NULL;
    if (tag_name && strcmp((const char *)tag_name, "!") != 0)
        tag = zg_yaml_tag_of((const char *)tag_name);
    else if (tag_name || event->data.scalar.plain_implicit)
        tag = zg_yaml_resolve(text, len);
    if (tag == ZG_YAML_UNKNOWN || tag == ZG_YAML_SEQ || tag == ZG_YAML_MAP)
        return unknown_tag(c, tag_name, event->start_mark);
    ZAGG_TRY(new_node(c, event, ZAGG_NULL, &node));
    zagg_status st = zg_yaml_construct(&c->tree, tag, text, len, node, c->err);
    if (st != ZAGG_OK)
        return place_fault(c, st, event->start_mark);
    node->quoted =
        node->kind == ZAGG_STR && event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
    *out = (built){.node = node, .tag = tag, .nodes = 1};
    return ZAGG_OK;
}

static zagg_status check_collection(composer *c, const yaml_event_t *event,
                                    const yaml_char_t *tag, zg_yaml_tag expected,
                                    unsigned depth)
{
    if (depth >= ZG_TREE_MAX_DEPTH)
        return fault_at(c, ZAGG_ERANGE, event->start_mark,
                        "nested more than 64 levels deep");
    if (tag && strcmp((const char *)tag, "!") != 0 &&
        zg_yaml_tag_of((const char *)tag) != expected)
        return unknown_tag(c, tag, event->start_mark);
    return ZAGG_OK;
}

static zagg_status build(composer *c, const yaml_event_t *event, unsigned depth,
                         built *out);

/* A node that stands for a value: `<<` and `=` mean nothing there (PyYAML refuses them).
 */
static zagg_status build_value(composer *c, const yaml_event_t *event, unsigned depth,
                               built *out)
{
    ZAGG_TRY(build(c, event, depth, out));
    if (out->tag == ZG_YAML_MERGE || out->tag == ZG_YAML_VALUE)
        return fault_at(c, ZAGG_EUNSUPPORTED, event->start_mark,
                        "<< and = have no value of their own; quote them");
    return ZAGG_OK;
}

static void add_child(built *parent, const built *child)
{
    parent->nodes += child->nodes;
    if (child->height + 1 > parent->height)
        parent->height = child->height + 1;
}

static zagg_status copy_out(composer *c, const zg_vec *v, void *out_ptr)
{
    void *copy = NULL;
    ZAGG_TRY(zg_tree_alloc(&c->tree, v->len, v->elem_size, (void *)&copy, c->err));
    if (v->len > 0)
        memcpy(copy, v->data, v->len * v->elem_size);
    memcpy(out_ptr, &copy, sizeof copy);
    return ZAGG_OK;
}

static zagg_status no_room(composer *c)
{
    return zagg_err_set(c->err, ZAGG_ENOMEM, "%s: no memory for its values", c->name);
}

static zagg_status fill_sequence(composer *c, unsigned depth, zg_vec *items, built *self)
{
    for (;;) {
        yaml_event_t event;
        built child;
        ZAGG_TRY(next_event(c, &event));
        bool end = event.type == YAML_SEQUENCE_END_EVENT;
        zagg_status st = end ? ZAGG_OK : build_value(c, &event, depth + 1, &child);
        yaml_event_delete(&event);
        if (st != ZAGG_OK || end)
            return st;
        const zagg_value **slot = zg_vec_push(items);
        if (!slot)
            return no_room(c);
        *slot = child.node;
        add_child(self, &child);
    }
}

static zagg_status build_sequence(composer *c, const yaml_event_t *event, unsigned depth,
                                  built *out)
{
    zagg_value *node = NULL;
    built self = {.tag = ZG_YAML_SEQ, .nodes = 1, .height = 1};
    zg_vec items;
    ZAGG_TRY(
        check_collection(c, event, event->data.sequence_start.tag, ZG_YAML_SEQ, depth));
    ZAGG_TRY(new_node(c, event, ZAGG_LIST, &node));
    zg_vec_init(&items, sizeof(const zagg_value *), 0);
    zagg_status st = fill_sequence(c, depth, &items, &self);
    if (st == ZAGG_OK)
        st = copy_out(c, &items, (void *)&node->items);
    node->n = items.len;
    self.node = node;
    *out = self;
    zg_vec_free(&items);
    return st;
}

static zagg_status append_members(composer *c, zg_vec *merged, const zagg_value *map)
{
    for (size_t i = 0; i < map->n; i++) {
        zagg_member *m = zg_vec_push(merged);
        if (!m)
            return no_room(c);
        *m = map->members[i];
    }
    return ZAGG_OK;
}

/* What `<<` brings in: a mapping, or a list of mappings of which earlier ones win. */
static zagg_status merge(composer *c, zg_vec *merged, const zagg_value *value,
                         yaml_mark_t mark)
{
    if (value->kind == ZAGG_MAP)
        return append_members(c, merged, value);
    bool fine = value->kind == ZAGG_LIST;
    for (size_t i = 0; fine && i < value->n; i++)
        fine = value->items[i]->kind == ZAGG_MAP;
    if (!fine)
        return fault_at(c, ZAGG_EUNSUPPORTED, mark,
                        "<< needs a mapping or a list of mappings");
    for (size_t i = value->n; i-- > 0;)
        ZAGG_TRY(append_members(c, merged, value->items[i]));
    return ZAGG_OK;
}

/* The value behind a key that was just read. */
static zagg_status fill_member(composer *c, unsigned depth, const built *key, zg_vec *own,
                               zg_vec *merged, built *self)
{
    yaml_event_t event;
    built value;
    ZAGG_TRY(next_event(c, &event));
    zagg_status st = build_value(c, &event, depth + 1, &value);
    yaml_mark_t mark = event.start_mark;
    yaml_event_delete(&event);
    if (st != ZAGG_OK)
        return st;
    add_child(self, &value);
    if (key->tag == ZG_YAML_MERGE)
        return merge(c, merged, value.node, mark);
    zagg_member *m = zg_vec_push(own);
    if (!m)
        return no_room(c);
    *m = (zagg_member){key->node, value.node};
    return ZAGG_OK;
}

static zagg_status fill_mapping(composer *c, unsigned depth, zg_vec *own, zg_vec *merged,
                                built *self)
{
    for (;;) {
        yaml_event_t event;
        built key;
        ZAGG_TRY(next_event(c, &event));
        bool end = event.type == YAML_MAPPING_END_EVENT;
        zagg_status st = end ? ZAGG_OK : build(c, &event, depth + 1, &key);
        if (!end && st == ZAGG_OK &&
            (key.node->kind == ZAGG_LIST || key.node->kind == ZAGG_MAP))
            st = fault_at(c, ZAGG_EFORMAT, event.start_mark,
                          "a list or mapping cannot be a key");
        yaml_event_delete(&event);
        if (st != ZAGG_OK || end)
            return st;
        add_child(self, &key);
        ZAGG_TRY(fill_member(c, depth, &key, own, merged, self));
    }
}

static zagg_status build_mapping(composer *c, const yaml_event_t *event, unsigned depth,
                                 built *out)
{
    zagg_value *node = NULL;
    built self = {.tag = ZG_YAML_MAP, .nodes = 1, .height = 1};
    zg_vec own, merged;
    ZAGG_TRY(
        check_collection(c, event, event->data.mapping_start.tag, ZG_YAML_MAP, depth));
    ZAGG_TRY(new_node(c, event, ZAGG_MAP, &node));
    zg_vec_init(&own, sizeof(zagg_member), 0);
    zg_vec_init(&merged, sizeof(zagg_member), 0);
    zagg_status st = fill_mapping(c, depth, &own, &merged, &self);
    if (st == ZAGG_OK) {
        const zagg_value tail = {.kind = ZAGG_MAP, .n = own.len, .members = own.data};
        st = append_members(c, &merged, &tail);
    }
    if (st == ZAGG_OK)
        st = zg_unique_members(merged.data, merged.len, &merged.len, c->err);
    if (st == ZAGG_OK)
        st = copy_out(c, &merged, (void *)&node->members);
    node->n = merged.len;
    self.node = node;
    *out = self;
    zg_vec_free(&own);
    zg_vec_free(&merged);
    return st;
}

static zagg_status build_anchored(composer *c, const yaml_event_t *event, unsigned depth,
                                  const yaml_char_t *name, built *out)
{
    size_t index;
    ZAGG_TRY(open_anchor(c, name, event->start_mark, &index));
    if (event->type == YAML_SCALAR_EVENT)
        ZAGG_TRY(build_scalar(c, event, out));
    else if (event->type == YAML_SEQUENCE_START_EVENT)
        ZAGG_TRY(build_sequence(c, event, depth, out));
    else
        ZAGG_TRY(build_mapping(c, event, depth, out));
    close_anchor(c, index, out);
    return ZAGG_OK;
}

/* `depth`: lists and maps around the node. Recursion ends with ZG_TREE_MAX_DEPTH. */
static zagg_status build(composer *c, const yaml_event_t *event, unsigned depth,
                         built *out)
{
    switch (event->type) {
    case YAML_ALIAS_EVENT:
        return follow_alias(c, event, depth, out);
    case YAML_SCALAR_EVENT:
        return build_anchored(c, event, depth, event->data.scalar.anchor, out);
    case YAML_SEQUENCE_START_EVENT:
        return build_anchored(c, event, depth, event->data.sequence_start.anchor, out);
    case YAML_MAPPING_START_EVENT:
        return build_anchored(c, event, depth, event->data.mapping_start.anchor, out);
    default:
        return fault_at(c, ZAGG_EFORMAT, event->start_mark,
                        "unexpected end of the YAML text");
    }
}

/* One document's root between its start and end; later documents are refused. */
static zagg_status build_document(composer *c, const zagg_value **out)
{
    yaml_event_t event;
    built root = {0};
    zagg_status st = ZAGG_OK;
    bool have_root = false;
    for (;;) {
        ZAGG_TRY(next_event(c, &event));
        yaml_event_type_t type = event.type;
        if (type == YAML_DOCUMENT_START_EVENT && have_root)
            st = fault_at(c, ZAGG_EUNSUPPORTED, event.start_mark,
                          "a second document begins here; one file holds one document");
        else if (type != YAML_STREAM_START_EVENT && type != YAML_STREAM_END_EVENT &&
                 type != YAML_DOCUMENT_START_EVENT && type != YAML_DOCUMENT_END_EVENT) {
            st = build_value(c, &event, 0, &root);
            have_root = true;
        }
        yaml_event_delete(&event);
        if (st != ZAGG_OK)
            return st;
        if (type == YAML_STREAM_END_EVENT)
            break;
    }
    if (!have_root) {
        zagg_value *null = NULL;
        ZAGG_TRY(zg_tree_node(&c->tree, ZAGG_NULL, &null, c->err));
        root.node = null;
    }
    *out = root.node;
    return ZAGG_OK;
}

zagg_status zagg_yaml_parse(zagg_arena *arena, const char *text, size_t len,
                            const char *name, const zagg_value **out, zagg_err *err)
{
    composer c = {.name = name, .err = err};
    const zagg_value *root = NULL;
    if (!yaml_parser_initialize(&c.parser))
        return zagg_err_set(err, ZAGG_ENOMEM, "%s: no memory to parse YAML", name);
    yaml_parser_set_encoding(&c.parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&c.parser, (const unsigned char *)text, len);
    zg_tree_init(&c.tree, arena);
    zg_vec_init(&c.anchors, sizeof(anchor), MAX_ANCHORS);
    zagg_status st = build_document(&c, &root);
    for (size_t i = 0; i < c.anchors.len; i++)
        zg_free(ZG_VEC_AT(&c.anchors, anchor, i)->name);
    zg_vec_free(&c.anchors);
    yaml_parser_delete(&c.parser);
    if (st == ZAGG_OK)
        *out = root;
    return st;
}
