/* Inside of fetching: requests, pages, and what is kept between them. */
#ifndef ZG_CAT_FETCH_H
#define ZG_CAT_FETCH_H

#include "cat/json_scan.h"
#include "cat/make_value.h"
#include "net/http.h"
#include "zagg/search.h"

#include <stdio.h>

/** What is sent next; texts on the heap. */
typedef struct zg_fetch_request {
    bool post;
    char *url;
    char *body;         /* JSON; NULL for GET */
    char *search_after; /* CMR-Search-After; NULL: none */
} zg_fetch_request;
void zg_fetch_request_free(zg_fetch_request *r);
zagg_status zg_fetch_request_copy(const zg_fetch_request *from, zg_fetch_request *out,
                                  zagg_err *err);

/** The first request of a query for one of its boxes. */
zagg_status zg_fetch_first(const zagg_search_query *q, const zagg_search_opts *opts,
                           const double box[4], zg_fetch_request *out, zagg_err *err);
/** `text` percent-encoded as Python's quote_plus does. */
void zg_fetch_quote(zg_str *out, const char *text);
/** W, S, E, N as Python writes the numbers, with `between` between them. */
void zg_fetch_box_text(zg_str *out, const double box[4], const char *between);

/* ---- pages ---- */

/** One page: where its items stand in the text, and what comes next. */
typedef struct zg_fetch_page {
    const char *text;
    size_t len;
    zg_vec items; /* size_t: where each begins */
    bool has_next;
    zg_fetch_request next;
    uint64_t total; /* 0: the server does not say */
} zg_fetch_page;

/** Read a page of STAC (text is borrowed). `asked`: the request it answers. */
zagg_status zg_fetch_read_page(const char *text, size_t len,
                               const zg_fetch_request *asked, zg_fetch_page *out,
                               zagg_err *err);
/** Read a page of granules.json. */
zagg_status zg_fetch_read_granules(const char *text, size_t len,
                                   const zg_fetch_request *asked,
                                   const zg_headers *headers, zg_fetch_page *out,
                                   zagg_err *err);
void zg_fetch_page_free(zg_fetch_page *page);
/** Note where the elements of the list (or null) that begins here stand. */
zagg_status zg_fetch_note_list(zg_scan *s, zg_vec *items);

/* ---- items ---- */

/** CMR names assets by the path of each file: give them the stable names data, data_s3
 * and metadata, and drop the others, but for pictures where they are wanted. */
const zagg_value *zg_fetch_normalize(zg_maker *m, const zagg_value *item,
                                     bool preserve_thumbnails);
/** Only these assets; NULL where one is lacking. */
const zagg_value *zg_fetch_subset(zg_maker *m, const zagg_value *item,
                                  const char *const *assets, size_t n);
/** An entry of granules.json as a STAC item. */
zagg_status zg_fetch_item_of_granule(zg_maker *m, const zagg_value *entry,
                                     const char *collection, const zagg_value **out,
                                     zagg_err *err);

/* ---- between pages ---- */

/** A set of texts, by 64 bits of their SHA-256. */
typedef struct zg_fetch_seen {
    uint64_t *slots;
    size_t n, cap;
} zg_fetch_seen;
/** *known: it was there already. */
zagg_status zg_fetch_see(zg_fetch_seen *seen, const void *text, size_t len, bool *known,
                         zagg_err *err);
void zg_fetch_seen_free(zg_fetch_seen *seen);

/** Where a fetch stands. */
typedef struct zg_fetch_state {
    zg_fetch_request request; /* the next one */
    bool done;                /* there is none: the items are complete */
    unsigned box;             /* which of the query's boxes is asked for */
    uint64_t pages, items, duplicates, skipped;
    uint64_t bytes;      /* of the items in the partial file */
    char *examples[5];   /* ids that were skipped */
    zg_fetch_seen asked; /* requests so far, this one too */
    zg_fetch_seen got;   /* items so far */
} zg_fetch_state;
void zg_fetch_state_free(zg_fetch_state *s);

/** The files beside the catalog. */
typedef struct zg_fetch_files {
    char *items, *state; /* paths */
    FILE *out;           /* items, open behind the last one */
} zg_fetch_files;
zagg_status zg_fetch_files_init(const char *path, zg_fetch_files *out, zagg_err *err);
/** Take up what an earlier fetch of this query left: *resumed, with its state. Else begin
 * anew. `query` is compared as a whole. */
zagg_status zg_fetch_files_open(zg_fetch_files *f, const zagg_value *query, bool restart,
                                zg_fetch_state *state, bool *resumed, zagg_err *err);
/** Note the state, items before it. */
zagg_status zg_fetch_files_note(zg_fetch_files *f, const zagg_value *query,
                                const zg_fetch_state *state, zagg_err *err);
/** Close; `remove` takes both files away. */
void zg_fetch_files_end(zg_fetch_files *f, bool remove);

#endif
