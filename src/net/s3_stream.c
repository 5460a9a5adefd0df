/* Objects that come piece by piece: gathered up to a part, which is sent by the sink's
 * crew while the next one is gathered. What fits a part is one PUT in the end. */
#include "net/s3_sink.h"

#include <string.h>

enum { FIRST_BYTES = 512 << 10 };

typedef struct s3_stream {
    zg_s3_sink *sink;
    char *key;
    unsigned char *held;
    size_t held_len, held_cap;
    size_t n; /* parts that were handed over */
    bool begun;
    zg_s3_upload upload;
    /* under the sink's lock */
    size_t on_way;
    zagg_status failed; /* of a part */
    zagg_err err;
} s3_stream;

/* A part on its way. */
typedef struct part_job {
    zg_crew_job job;
    s3_stream *stream;
    size_t index;
    unsigned char *data;
    size_t len;
} part_job;

static zagg_status no_memory(const s3_stream *s, zagg_err *err)
{
    return zagg_err_set(err, ZAGG_ENOMEM, "%s: no memory to write %s", s->sink->name,
                        s->key);
}

zagg_status zg_s3_stream_begin(void *self, const char *key, void **out_stream,
                               zagg_err *err)
{
    s3_stream *s = zg_alloc(1, sizeof *s);
    char *copy = zg_strdup(key);
    if (s == NULL || copy == NULL) {
        zg_free(s);
        zg_free(copy);
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory to write %s", key);
    }
    s->sink = self;
    s->key = copy;
    *out_stream = s;
    return ZAGG_OK;
}

/* ---- parts ---- */

static void run_part(zg_crew_job *job)
{
    part_job *p = (part_job *)job;
    s3_stream *s = p->stream;
    zg_s3_sink *sink = s->sink;
    zagg_err err = ZAGG_ERR_INIT;
    pthread_mutex_lock(&sink->lock);
    zagg_status status = s->failed;
    pthread_mutex_unlock(&sink->lock);
    const bool skipped = status != ZAGG_OK; /* the object is lost already */
    if (!skipped)
        status = zg_s3_upload_part(&s->upload, p->index, p->data, p->len, &err);
    zg_free(p->data);
    zg_free(p);
    pthread_mutex_lock(&sink->lock);
    if (!skipped && status != ZAGG_OK && s->failed == ZAGG_OK) {
        s->failed = status;
        s->err = err;
    }
    s->on_way--;
    sink->parts--;
    pthread_cond_broadcast(&sink->parted);
    pthread_mutex_unlock(&sink->lock);
}

/* The crew, made for the first part of all. The lock is held. */
static zagg_status need_crew(zg_s3_sink *sink, zagg_err *err)
{
    return sink->crew != NULL ? ZAGG_OK
                              : zg_crew_new(ZG_S3_PARTS_OF_SINK, &sink->crew, err);
}

/* Wait until a part more may be on its way, and take its place. */
static zagg_status take_place(s3_stream *s, zagg_err *err)
{
    zg_s3_sink *sink = s->sink;
    pthread_mutex_lock(&sink->lock);
    zagg_status status = need_crew(sink, err);
    while (status == ZAGG_OK && s->failed == ZAGG_OK &&
           (s->on_way >= ZG_S3_PARTS_AT_ONCE || sink->parts >= ZG_S3_PARTS_OF_SINK))
        pthread_cond_wait(&sink->parted, &sink->lock);
    if (status == ZAGG_OK && s->failed != ZAGG_OK) {
        status = s->failed;
        if (err != NULL)
            *err = s->err;
    }
    if (status == ZAGG_OK) {
        s->on_way++;
        sink->parts++;
    }
    pthread_mutex_unlock(&sink->lock);
    return status;
}

/* Wait for all parts; what became of them. */
static zagg_status wait_parts(s3_stream *s, zagg_err *err)
{
    pthread_mutex_lock(&s->sink->lock);
    while (s->on_way > 0)
        pthread_cond_wait(&s->sink->parted, &s->sink->lock);
    const zagg_status status = s->failed;
    if (status != ZAGG_OK && err != NULL)
        *err = s->err;
    pthread_mutex_unlock(&s->sink->lock);
    return status;
}

/* What is held goes on its way. */
static zagg_status send_held(s3_stream *s, zagg_err *err)
{
    if (!s->begun) {
        ZAGG_TRY(zg_s3_upload_begin(s->sink, s->key, &s->upload, err));
        s->begun = true;
    }
    part_job *p = zg_alloc(1, sizeof *p);
    if (p == NULL)
        return no_memory(s, err);
    *p = (part_job){
        .job = {.run = run_part}, .stream = s, .data = s->held, .len = s->held_len};
    zagg_status status = zg_s3_upload_next(&s->upload, &p->index, err);
    if (status == ZAGG_OK)
        status = take_place(s, err);
    if (status != ZAGG_OK) {
        zg_free(p);
        return status;
    }
    s->held = NULL;
    s->held_len = s->held_cap = 0;
    s->n++;
    zg_crew_add(s->sink->crew, &p->job);
    return ZAGG_OK;
}

/* Room for more bytes of a part, at most `most` in all. */
static bool reserve(s3_stream *s, size_t need, size_t most)
{
    if (need <= s->held_cap)
        return true;
    size_t cap = s->n > 0                    ? most
                 : s->held_cap < FIRST_BYTES ? FIRST_BYTES
                                             : 2 * s->held_cap;
    if (cap < need)
        cap = need;
    if (cap > most)
        cap = most;
    unsigned char *grown = zg_realloc(s->held, cap, 1);
    if (grown == NULL)
        return false;
    s->held = grown;
    s->held_cap = cap;
    return true;
}

zagg_status zg_s3_stream_add(void *self, void *stream, const void *data, size_t len,
                             const zg_sha256_stream *so_far, zagg_err *err)
{
    s3_stream *s = stream;
    const unsigned char *from = data;
    (void)self;
    (void)so_far;
    while (len > 0) {
        const size_t most = zg_s3_part_bytes(s->sink, s->n);
        if (s->held_len == most) {
            ZAGG_TRY(send_held(s, err));
            continue;
        }
        const size_t take = len < most - s->held_len ? len : most - s->held_len;
        if (!reserve(s, s->held_len + take, most))
            return no_memory(s, err);
        memcpy(s->held + s->held_len, from, take);
        s->held_len += take;
        from += take;
        len -= take;
    }
    return ZAGG_OK;
}

/* ---- the end ---- */

static void free_stream(s3_stream *s)
{
    if (s->begun)
        zg_s3_upload_free(&s->upload);
    zg_free(s->held);
    zg_free(s->key);
    zg_free(s);
}

static zagg_status commit(s3_stream *s, zagg_err *err)
{
    if (!s->begun)
        return zg_s3_put(s->sink, s->key, s->held, s->held_len, err);
    if (s->held_len > 0)
        ZAGG_TRY(send_held(s, err));
    ZAGG_TRY(wait_parts(s, err));
    return zg_s3_upload_finish(&s->upload, err);
}

zagg_status zg_s3_stream_commit(void *self, void *stream, zagg_err *err)
{
    s3_stream *s = stream;
    (void)self;
    const zagg_status status = commit(s, err);
    if (status != ZAGG_OK) {
        zg_s3_stream_abandon(self, stream);
        return status;
    }
    free_stream(s);
    return ZAGG_OK;
}

void zg_s3_stream_abandon(void *self, void *stream)
{
    s3_stream *s = stream;
    (void)self;
    if (s->begun) {
        pthread_mutex_lock(&s->sink->lock);
        if (s->failed == ZAGG_OK) /* what has not begun need not be sent */
            s->failed = ZAGG_ECANCELLED;
        pthread_mutex_unlock(&s->sink->lock);
        (void)wait_parts(s, NULL);
        zg_s3_upload_abort(&s->upload);
    }
    free_stream(s);
}
