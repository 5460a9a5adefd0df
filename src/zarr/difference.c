/* First difference of two metadata documents, in words. */
#include "zarr/difference.h"

#include "text/text.h"

#include <string.h>

/* Longest value shown in a message. */
enum { MAX_SHOWN_BYTES = 60 };

static bool is_empty(const zagg_value *v)
{
    return v == NULL || v->kind == ZAGG_NULL ||
           ((v->kind == ZAGG_LIST || v->kind == ZAGG_MAP) && v->n == 0);
}

static bool same(const zagg_value *a, const zagg_value *b)
{
    return (is_empty(a) && is_empty(b)) ||
           (a != NULL && b != NULL && zagg_value_equal(a, b));
}

/* Key of `a` whose value differs in `b`. */
static const char *differing_key(const zagg_value *a, const zagg_value *b)
{
    for (size_t i = 0; i < a->n; i++) {
        const char *key = a->members[i].key->str;
        if (strcmp(key, "consolidated_metadata") != 0 &&
            !same(a->members[i].value, zagg_value_get(b, key)))
            return key;
    }
    return NULL;
}

static void show(zg_str *what, const char *side, const zagg_value *v)
{
    zg_str text;
    zg_json_style style = {.indent = -1};
    zg_str_init(&text, 0);
    zg_str_addf(what, "%s: ", side);
    if (v == NULL)
        zg_str_add(what, "nothing");
    else if (zg_json_write(&text, v, style, NULL) != ZAGG_OK || text.failed)
        zg_str_add(what, "?");
    else if (text.len <= MAX_SHOWN_BYTES)
        zg_str_add(what, text.data);
    else
        zg_str_addf(what, "%.*s...", MAX_SHOWN_BYTES, text.data);
    zg_str_free(&text);
}

bool zg_zarr_same_node(const zagg_value *there, const zagg_value *asked, zg_str *what)
{
    bool first = true;
    while (there != NULL && asked != NULL && there->kind == ZAGG_MAP &&
           asked->kind == ZAGG_MAP) {
        const char *key = differing_key(asked, there);
        if (key == NULL)
            key = differing_key(there, asked);
        if (key == NULL)
            break;
        zg_str_addf(what, "%s%s", first ? "" : ".", key);
        first = false;
        there = zagg_value_get(there, key);
        asked = zagg_value_get(asked, key);
    }
    if (first && same(there, asked))
        return true;
    if (first && there != NULL && asked != NULL && there->kind == ZAGG_MAP &&
        asked->kind == ZAGG_MAP)
        return true; /* they differ in what does not count */
    zg_str_add(what, " (");
    show(what, "there", there);
    zg_str_add(what, ", ");
    show(what, "asked", asked);
    zg_str_addc(what, ')');
    return false;
}
