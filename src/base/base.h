/* Internal helpers of layer 0: checked integers, vectors, strings, hash, clock, memory.
 */
#ifndef ZG_BASE_H
#define ZG_BASE_H

#include "zagg/arena.h"
#include "zagg/log.h"
#include "zagg/pool.h"
#include "zagg/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Files and stores are little-endian and are read and written in place. */
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
               "zagg needs a little-endian CPU");

/* ---- checked integers: false (and *out untouched) on overflow ---- */
static inline bool zg_add_size(size_t a, size_t b, size_t *out)
{
    size_t r;
    if (__builtin_add_overflow(a, b, &r))
        return false;
    *out = r;
    return true;
}
static inline bool zg_mul_size(size_t a, size_t b, size_t *out)
{
    size_t r;
    if (__builtin_mul_overflow(a, b, &r))
        return false;
    *out = r;
    return true;
}
static inline bool zg_add_u64(uint64_t a, uint64_t b, uint64_t *out)
{
    uint64_t r;
    if (__builtin_add_overflow(a, b, &r))
        return false;
    *out = r;
    return true;
}
static inline bool zg_mul_u64(uint64_t a, uint64_t b, uint64_t *out)
{
    uint64_t r;
    if (__builtin_mul_overflow(a, b, &r))
        return false;
    *out = r;
    return true;
}

/* ---- heap: the hooks through which all long-lived allocations go (fault injection) ----
 */
/** Zeroed; NULL on overflow or lack of memory. Freed with zg_free. */
void *zg_alloc(size_t count, size_t size);
/** Grow or shrink to count*size bytes; old block intact on failure. New bytes not zeroed.
 */
void *zg_realloc(void *ptr, size_t count, size_t size);
void zg_free(void *ptr);
/** Zeroed pages of their own for large, short-lived data: they go back to the system at
 * once, whatever else is in use. NULL on overflow or lack of memory. zg_unmap takes the
 * same count and size; NULL is fine. */
void *zg_map(size_t count, size_t size);
void zg_unmap(void *ptr, size_t count, size_t size);
/** Give the pages of part of a mapping back to the system; they are zero from now on.
 * `ptr` and `bytes`: multiples of the page size. */
void zg_map_clean(void *ptr, size_t bytes);
char *zg_strndup(const char *text, size_t len);
char *zg_strdup(const char *text);
/** Tests: refuse the `nth` allocation from now (1: the next one), once; 0 switches it
 * off. Mappings of arenas count as well. */
void zg_alloc_fail_nth(int64_t nth);
/** Counts one allocation: true when it is the one to be refused. */
bool zg_alloc_refused(void);

/* ---- vector of fixed-size elements, bounded ---- */
typedef struct zg_vec {
    void *data;
    size_t len, cap, elem_size, max_len;
} zg_vec;
/** max_len 0: no bound but size_t. Nothing allocated yet. */
void zg_vec_init(zg_vec *v, size_t elem_size, size_t max_len);
/** New zeroed element at the end, or NULL when bound or memory refuses. */
void *zg_vec_push(zg_vec *v);
/** `n` elements behind the last one; false when bound or memory refuses. */
bool zg_vec_append(zg_vec *v, const void *data, size_t n);
bool zg_vec_reserve(zg_vec *v, size_t len);
void zg_vec_free(zg_vec *v);
#define ZG_VEC_AT(v, type, i) (&((type *)(v)->data)[i])

/* ---- bounded string builder: always NUL-terminated; sticky failure flag ---- */
typedef struct zg_str {
    char *data; /* "" when empty, never NULL after init succeeded or failed */
    size_t len, cap, max_len;
    bool failed; /* bound or memory hit: later appends do nothing */
} zg_str;
void zg_str_init(zg_str *s, size_t max_len);
void zg_str_add(zg_str *s, const char *text);
void zg_str_addn(zg_str *s, const char *text, size_t len);
void zg_str_addc(zg_str *s, char c);
void zg_str_addf(zg_str *s, const char *fmt, ...) ZAGG_PRINTF(2, 3);
/** Hand the text over (caller frees with zg_free); NULL if failed. The builder is empty
 * then. */
char *zg_str_take(zg_str *s);
void zg_str_free(zg_str *s);

/** Largest length <= len at which UTF-8 `text` may be cut without parting a character. */
size_t zg_utf8_floor(const char *text, size_t len);

/** qsort and bsearch over an array of texts (char *), by bytes. */
int zg_compare_texts(const void *a, const void *b);

/** Overwrite a secret so that the compiler keeps it. NULL is fine. */
void zg_secret_wipe(void *data, size_t len);
/** Wipe a text and zg_free it. */
void zg_secret_free(char *text);

/** Bytes of an address without the query of an https:// or http:// URL, which may be
 * signed and has no place in names and records. Of anything else, all of it. */
size_t zg_href_len(const char *href);

/** `n` bytes as lower-case hex, and a NUL: 2n + 1 bytes. */
void zg_hex(const uint8_t *bytes, size_t n, char *out);

/* ---- SHA-256 (nettle) ---- */
void zg_sha256(const void *data, size_t len, uint8_t digest[32]);
/** Lower-case hex with a NUL: 65 bytes. */
void zg_sha256_hex(const void *data, size_t len, char hex[65]);

/** The same of bytes that come piece by piece. NULL where there is no memory; one thread
 * at a time. zg_sha256_end and _digest give the digest of all that was added and start
 * anew. */
typedef struct zg_sha256_stream zg_sha256_stream;
zg_sha256_stream *zg_sha256_new(void);
void zg_sha256_add(zg_sha256_stream *s, const void *data, size_t len);
void zg_sha256_end(zg_sha256_stream *s, char hex[65]);
void zg_sha256_digest(zg_sha256_stream *s, uint8_t digest[32]);
/** `to` goes on from where `from` is. */
void zg_sha256_copy(zg_sha256_stream *to, const zg_sha256_stream *from);
void zg_sha256_free(zg_sha256_stream *s);
/** The digest of `n` texts joined by line ends, as names and hashes are hashed together;
 * that of no bytes for n = 0. */
void zg_sha256_lines(const char *const *lines, size_t n, char hex[65]);

/** 32 hex digits that no other call gives, here or elsewhere. */
void zg_unique_id(char hex[33]);

/* ---- files ---- */
/** Bytes at `offset`, for as long as signals interrupt reading them. Returns how many
 * came: fewer than `len` at the end of the file (*failure 0) or where the system fails
 * (its errno). Thread-safe. */
size_t zg_fd_read_at(int fd, uint64_t offset, size_t len, void *out, int *failure);

/* ---- time ---- */
double zg_clock_mono_s(void);
/** "2026-11-22T21:05:25Z"; out holds at least 21 bytes. */
void zg_clock_utc_iso(char out[21]);
/** The same moment as Python writes it: "2026-11-22T21:05:25+00:00"; 26 bytes. */
void zg_clock_utc_offset(char out[26]);

/* ---- stopping ---- */
/** Whether a flag that a signal handler, on any thread, may set is set; NULL: no. */
static inline bool zg_is_stopped(const volatile int *stop)
{
    return stop && __atomic_load_n(stop, __ATOMIC_RELAXED);
}
/** Set it: safe in a signal handler. */
static inline void zg_stop(volatile int *stop)
{
    __atomic_store_n(stop, 1, __ATOMIC_RELAXED);
}

/* ---- machine ---- */
/** Peak resident memory in bytes from VmHWM of /proc/self/status; 0 where it cannot be
 * read. */
uint64_t zg_peak_rss_bytes(void);
/** Resident memory now, in the same way. */
uint64_t zg_rss_bytes(void);
/** Memory that this process may use: of the machine, or less where a control group says
 * so. */
uint64_t zg_machine_memory_bytes(void);
/** Processors this process may use, at least 1. */
size_t zg_cpu_count(void);

/* ---- vector instructions ---- */
/** What loops written for more than one CPU choose by; the results are the same bits for
 * all. SCALAR is code for any CPU of the architecture. */
typedef enum zg_isa {
    ZG_ISA_SCALAR = 0,
    ZG_ISA_NEON,  /* 64-bit ARM: always there */
    ZG_ISA_AVX2,  /* without FMA, which rounds differently */
    ZG_ISA_AVX512 /* F, BW, DQ and VL */
} zg_isa;
/** Can this CPU run it? */
bool zg_isa_has(zg_isa isa);
/** The one in use: what the environment variable ZAGG_ISA names (scalar, neon, avx2,
 * avx512), read once; the widest that the CPU has where it is not set, is another word,
 * or names one that the CPU lacks. Thread-safe, as cheap as reading a variable. */
zg_isa zg_isa_active(void);
/** Tests and benchmarks: use this one from now on; false, and nothing changes, where the
 * CPU lacks it. Not while other threads compute. */
bool zg_isa_force(zg_isa isa);
/** The one of that name, if the CPU has it; else, and for NULL, the widest. */
zg_isa zg_isa_of_name(const char *name);
const char *zg_isa_name(zg_isa isa);
/* Attributes of functions made for one of them. */
#if defined(__x86_64__) && defined(__GNUC__)
#define ZG_TARGET_AVX2 __attribute__((target("avx2")))
#ifdef __clang__
#define ZG_TARGET_AVX512 __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl")))
#else /* gcc would use half of the width */
#define ZG_TARGET_AVX512                                                                 \
    __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,prefer-vector-width="      \
                          "512")))
#endif
#endif

#endif
