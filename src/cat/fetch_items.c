/* Items as they are kept: assets under stable names, or those that are wanted. */
#include "cat/fetch.h"

#include <string.h>

static bool has_role(const zagg_value *asset, const char *role)
{
    const zagg_value *roles = zagg_value_get(asset, "roles");
    for (size_t i = 0; roles != NULL && roles->kind == ZAGG_LIST && i < roles->n; i++)
        if (zagg_value_is(roles->items[i], role))
            return true;
    return false;
}

static bool ends_with(const char *text, size_t len, const char *suffix)
{
    const size_t n = strlen(suffix);
    return len >= n && memcmp(text + len - n, suffix, n) == 0;
}

/* The item with other assets in the place of its own. */
static const zagg_value *with_assets(zg_maker *m, const zagg_value *item,
                                     const zagg_value *assets)
{
    zg_object out;
    bool there = false;
    zg_object_begin(&out, m);
    for (size_t i = 0; i < item->n; i++) {
        const bool is = zagg_value_is(item->members[i].key, "assets");
        there = there || is;
        zg_object_put(&out, item->members[i].key->str,
                      is ? assets : item->members[i].value);
    }
    if (!there)
        zg_object_put(&out, "assets", assets);
    return zg_object_end(&out);
}

/* Under which name an asset is kept; NULL: not at all. */
static const char *stable_name(const zagg_member *m, bool preserve_thumbnails)
{
    const zagg_value *href = zagg_value_get(m->value, "href");
    const bool text = href != NULL && href->kind == ZAGG_STR;
    if (has_role(m->value, "data") && text && ends_with(href->str, href->str_len, ".h5"))
        return strncmp(href->str, "https", 5) == 0 ? "data" : "data_s3";
    if (has_role(m->value, "metadata"))
        return "metadata";
    if (preserve_thumbnails &&
        (has_role(m->value, "thumbnail") || has_role(m->value, "browse")))
        return m->key->str;
    return NULL;
}

/* Of two assets under one name the last one, at the place of the first. */
static void put_last(zg_object *out, const char *name, const zagg_value *value)
{
    for (size_t i = 0; i < out->members.len; i++) {
        zagg_member *m = ZG_VEC_AT(&out->members, zagg_member, i);
        if (zagg_value_is(m->key, name)) {
            m->value = value;
            return;
        }
    }
    zg_object_put(out, name, value);
}

const zagg_value *zg_fetch_normalize(zg_maker *m, const zagg_value *item,
                                     bool preserve_thumbnails)
{
    const zagg_value *assets = zagg_value_get(item, "assets");
    zg_object out;
    zg_object_begin(&out, m);
    for (size_t i = 0; assets != NULL && assets->kind == ZAGG_MAP && i < assets->n; i++) {
        const char *name = stable_name(&assets->members[i], preserve_thumbnails);
        if (name != NULL)
            put_last(&out, name, assets->members[i].value);
    }
    return with_assets(m, item, zg_object_end(&out));
}

const zagg_value *zg_fetch_subset(zg_maker *m, const zagg_value *item,
                                  const char *const *assets, size_t n)
{
    const zagg_value *have = zagg_value_get(item, "assets");
    zg_object out;
    for (size_t i = 0; i < n; i++)
        if (zagg_value_get(have, assets[i]) == NULL)
            return NULL;
    zg_object_begin(&out, m);
    for (size_t i = 0; i < n; i++)
        zg_object_put(&out, assets[i], zagg_value_get(have, assets[i]));
    return with_assets(m, item, zg_object_end(&out));
}
