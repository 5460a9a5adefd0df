/* What a fetch keeps beside the catalog that it makes: the items so far, a line each, and
 * where it stands, so that a later one can go on. */
#include "cat/fetch.h"
#include "cat/out_file.h"
#include "text/text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FORMAT "zagg-fetch/1"
enum { MAX_STATE_BYTES = 256 << 20, N_EXAMPLES = 5 };

/* ---- sets of texts ---- */

void zg_fetch_seen_free(zg_fetch_seen *seen)
{
    zg_free(seen->slots);
    *seen = (zg_fetch_seen){NULL, 0, 0};
}

static bool put_hash(zg_fetch_seen *seen, uint64_t hash)
{
    size_t i = (size_t)hash & (seen->cap - 1);
    while (seen->slots[i] != 0 && seen->slots[i] != hash)
        i = (i + 1) & (seen->cap - 1);
    const bool known = seen->slots[i] == hash;
    seen->slots[i] = hash;
    seen->n += !known;
    return known;
}

static bool grow(zg_fetch_seen *seen)
{
    zg_fetch_seen larger = {.cap = seen->cap == 0 ? 1024 : 2 * seen->cap};
    larger.slots = zg_alloc(larger.cap, sizeof *larger.slots);
    if (larger.slots == NULL)
        return false;
    for (size_t i = 0; i < seen->cap; i++)
        if (seen->slots[i] != 0)
            (void)put_hash(&larger, seen->slots[i]);
    zg_free(seen->slots);
    *seen = larger;
    return true;
}

zagg_status zg_fetch_see(zg_fetch_seen *seen, const void *text, size_t len, bool *known,
                         zagg_err *err)
{
    uint8_t digest[32];
    uint64_t hash;
    if (2 * seen->n >= seen->cap && !grow(seen))
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory to tell items apart");
    zg_sha256(text, len, digest);
    memcpy(&hash, digest, sizeof hash);
    *known = put_hash(seen, hash != 0 ? hash : 1);
    return ZAGG_OK;
}

void zg_fetch_state_free(zg_fetch_state *s)
{
    zg_fetch_request_free(&s->request);
    for (int i = 0; i < N_EXAMPLES; i++)
        zg_free(s->examples[i]);
    zg_fetch_seen_free(&s->asked);
    zg_fetch_seen_free(&s->got);
    *s = (zg_fetch_state){.pages = 0};
}

/* ---- files ---- */

static char *joined(const char *path, const char *suffix)
{
    zg_str text;
    zg_str_init(&text, 0);
    zg_str_add(&text, path);
    zg_str_add(&text, suffix);
    char *out = zg_str_take(&text);
    zg_str_free(&text);
    return out;
}

zagg_status zg_fetch_files_init(const char *path, zg_fetch_files *out, zagg_err *err)
{
    *out =
        (zg_fetch_files){joined(path, ".partial"), joined(path, ".partial.json"), NULL};
    return out->items != NULL && out->state != NULL
               ? ZAGG_OK
               : zagg_err_set(err, ZAGG_ENOMEM, "%s: no memory for a path", path);
}

void zg_fetch_files_end(zg_fetch_files *f, bool remove)
{
    if (f->out != NULL)
        (void)fclose(f->out);
    if (remove) {
        (void)unlink(f->state);
        (void)unlink(f->items);
    }
    zg_free(f->items);
    zg_free(f->state);
    *f = (zg_fetch_files){NULL, NULL, NULL};
}

/* ---- taking up ---- */

static zagg_status copy_member(const zagg_value *map, const char *key, char **out,
                               zagg_err *err)
{
    const zagg_value *v = zagg_value_get_set(map, key);
    if (v == NULL || v->kind != ZAGG_STR)
        return ZAGG_OK;
    *out = zg_strdup(v->str);
    return *out != NULL ? ZAGG_OK : zagg_err_set(err, ZAGG_ENOMEM, "no memory");
}

static uint64_t count_of(const zagg_value *map, const char *key)
{
    uint64_t n = 0;
    (void)zagg_value_u64(zagg_value_get(map, key), &n);
    return n;
}

static zagg_status take_state(const zagg_value *v, zg_fetch_state *s, zagg_err *err)
{
    const zagg_value *request = zagg_value_get_set(v, "request");
    const zagg_value *skipped = zagg_value_get_set(v, "examples");
    s->done = request == NULL;
    s->pages = count_of(v, "pages");
    s->items = count_of(v, "items");
    s->bytes = count_of(v, "bytes");
    s->box = (unsigned)count_of(v, "box");
    s->duplicates = count_of(v, "duplicates");
    s->skipped = count_of(v, "skipped");
    for (size_t i = 0; skipped != NULL && i < skipped->n && i < N_EXAMPLES; i++)
        if (skipped->kind == ZAGG_LIST && skipped->items[i]->kind == ZAGG_STR &&
            (s->examples[i] = zg_strdup(skipped->items[i]->str)) == NULL)
            return zagg_err_set(err, ZAGG_ENOMEM, "no memory");
    if (request == NULL)
        return ZAGG_OK;
    s->request.post = zagg_value_truthy(zagg_value_get(request, "post"));
    ZAGG_TRY(copy_member(request, "url", &s->request.url, err));
    ZAGG_TRY(copy_member(request, "body", &s->request.body, err));
    return copy_member(request, "search_after", &s->request.search_after, err);
}

/* Items that are there already, up to where the state says; *whole is false where they
 * are not what it says. */
static zagg_status reread_items(zg_fetch_files *f, zg_fetch_state *s, bool *whole,
                                zagg_err *err)
{
    struct stat st;
    char *text = NULL;
    size_t len = 0;
    uint64_t n = 0;
    *whole = false;
    if (stat(f->items, &st) != 0 || (uint64_t)st.st_size < s->bytes)
        return ZAGG_OK;
    FILE *file = fopen(f->items, "r+b");
    if (file == NULL)
        return ZAGG_OK;
    f->out = file;
    ssize_t got;
    zagg_status status = ZAGG_OK;
    uint64_t at = 0;
    bool known = false;
    while (status == ZAGG_OK && at < s->bytes && (got = getline(&text, &len, file)) > 0) {
        at += (uint64_t)got;
        n++;
        status = zg_fetch_see(&s->got, text, (size_t)got, &known, err);
    }
    free(text);
    *whole = at == s->bytes && n == s->items;
    return status;
}

static zagg_status take_up(zg_fetch_files *f, zagg_arena *arena, const zagg_value *query,
                           zg_fetch_state *state, bool *resumed, zagg_err *err)
{
    char *text = NULL;
    size_t len = 0;
    const zagg_value *v = NULL;
    *resumed = false;
    if (zagg_file_read(f->state, MAX_STATE_BYTES, &text, &len, NULL) != ZAGG_OK)
        return ZAGG_OK;
    const zagg_status parsed = zagg_json_parse(arena, text, len, f->state, &v, NULL);
    zagg_bytes_free(text);
    if (parsed != ZAGG_OK || !zagg_value_is(zagg_value_get(v, "format"), FORMAT) ||
        !zagg_value_equal(zagg_value_get(v, "query"), query))
        return ZAGG_OK;
    ZAGG_TRY(take_state(v, state, err));
    bool whole = false;
    if (state->done || state->request.url != NULL)
        ZAGG_TRY(reread_items(f, state, &whole, err));
    *resumed = whole;
    return ZAGG_OK;
}

/* What lies behind the items that the state knows is of a page that was cut short. */
static zagg_status position_out(zg_fetch_files *f, uint64_t bytes, zagg_err *err)
{
    if (f->out == NULL)
        f->out = fopen(f->items, "w+b");
    if (f->out == NULL || fflush(f->out) != 0 ||
        ftruncate(fileno(f->out), (off_t)bytes) != 0 || fseek(f->out, 0, SEEK_END) != 0)
        return zagg_err_set_errno(err, ZAGG_EIO, errno, "%s: cannot write it", f->items);
    return ZAGG_OK;
}

zagg_status zg_fetch_files_open(zg_fetch_files *f, const zagg_value *query, bool restart,
                                zg_fetch_state *state, bool *resumed, zagg_err *err)
{
    zagg_arena *arena = NULL;
    *resumed = false;
    if (!restart) {
        ZAGG_TRY(zagg_arena_new(0, &arena, err));
        const zagg_status status = take_up(f, arena, query, state, resumed, err);
        zagg_arena_free(arena);
        ZAGG_TRY(status);
    }
    if (!*resumed) {
        zg_fetch_state_free(state);
        if (f->out != NULL)
            (void)fclose(f->out);
        f->out = NULL;
    }
    return position_out(f, state->bytes, err);
}

/* ---- noting ---- */

static void put_request(zg_json_out *w, const zg_fetch_request *r)
{
    zg_json_key(w, "request");
    zg_json_open_map(w);
    zg_json_key(w, "post");
    zg_json_bool(w, r->post);
    zg_json_put_str(w, "url", r->url);
    zg_json_put_str(w, "body", r->body);
    zg_json_put_str(w, "search_after", r->search_after);
    zg_json_close_map(w);
}

static zagg_status state_text(zg_str *text, const zagg_value *query,
                              const zg_fetch_state *s, zagg_err *err)
{
    zg_json_out w;
    zg_json_begin(&w, text, 1);
    zg_json_open_map(&w);
    zg_json_put_str(&w, "format", FORMAT);
    zg_json_key(&w, "query");
    ZAGG_TRY(zg_json_value(&w, query, err));
    zg_json_put_u64(&w, "pages", s->pages);
    zg_json_put_u64(&w, "items", s->items);
    zg_json_put_u64(&w, "bytes", s->bytes);
    zg_json_put_u64(&w, "box", s->box);
    zg_json_put_u64(&w, "duplicates", s->duplicates);
    zg_json_put_u64(&w, "skipped", s->skipped);
    zg_json_key(&w, "examples");
    zg_json_open_list(&w);
    for (int i = 0; i < N_EXAMPLES && s->examples[i] != NULL; i++)
        zg_json_str(&w, s->examples[i]);
    zg_json_close_list(&w);
    if (!s->done)
        put_request(&w, &s->request);
    zg_json_close_map(&w);
    return text->failed ? zagg_err_set(err, ZAGG_ENOMEM, "no memory") : ZAGG_OK;
}

zagg_status zg_fetch_files_note(zg_fetch_files *f, const zagg_value *query,
                                const zg_fetch_state *state, zagg_err *err)
{
    zg_str text;
    zg_out_file *file = NULL;
    if (fflush(f->out) != 0 || fsync(fileno(f->out)) != 0)
        return zagg_err_set_errno(err, ZAGG_EIO, errno, "%s: cannot write it", f->items);
    zg_str_init(&text, 0);
    zagg_status status = state_text(&text, query, state, err);
    if (status == ZAGG_OK)
        status = zg_out_file_new(f->state, false, &file, err);
    if (status == ZAGG_OK) {
        status = zg_out_file_add(file, text.data, text.len, err);
        if (status == ZAGG_OK)
            status = zg_out_file_commit(file, err);
        else
            zg_out_file_abandon(file);
    }
    zg_str_free(&text);
    return status;
}
