/* Temporary stores for the Zarr tests. */
#include "fixture.h"

#include <string.h>

int temp_store_open(void **state)
{
    temp_store *s = zg_alloc(1, sizeof *s);
    assert_non_null(s);
    s->path = make_temp_dir();
    assert_int_equal(zagg_sink_open_dir(s->path, &s->sink, &s->err), ZAGG_OK);
    *state = s;
    return 0;
}

int temp_store_close(void **state)
{
    temp_store *s = *state;
    zagg_sink_close(s->sink);
    remove_tree(s->path);
    zg_free(s->path);
    zg_free(s);
    return 0;
}

void put_text(temp_store *s, const char *key, const char *text)
{
    if (zagg_sink_put(s->sink, key, text, strlen(text), &s->err) != ZAGG_OK)
        fail_msg("%s", s->err.msg);
}

char *get_text(temp_store *s, const char *key, size_t *len)
{
    void *data = NULL;
    size_t n = 0;
    zagg_status status = zagg_sink_get(s->sink, key, (size_t)1 << 20, &data, &n, &s->err);
    if (status == ZAGG_ENOTFOUND)
        return NULL;
    if (status != ZAGG_OK)
        fail_msg("%s", s->err.msg);
    char *text = zg_strndup("", 0);
    text = zg_realloc(text, n + 1, 1);
    assert_non_null(text);
    memcpy(text, data, n);
    text[n] = '\0';
    zagg_bytes_free(data);
    if (len != NULL)
        *len = n;
    return text;
}

bool has_object(temp_store *s, const char *key)
{
    char *text = get_text(s, key, NULL);
    zg_free(text);
    return text != NULL;
}

void assert_has_text(const char *message, const char *part)
{
    if (strstr(message, part) == NULL)
        fail_msg("'%s' does not hold '%s'", message, part);
}

zagg_zarr_array count_array(void)
{
    zagg_zarr_array a = {.name = "count",
                         .dtype = ZAGG_DT_I32,
                         .rank = 1,
                         .shape = {16},
                         .chunk = {4},
                         .dim_names = {"cells"}};
    return a;
}
