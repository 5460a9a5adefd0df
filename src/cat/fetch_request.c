/* The first request of a search: parameters in upstream's order, encoded as Python does
 * (catalog.md 1.1), so that servers and their caches see the same. */
#include "cat/fetch.h"
#include "text/text.h"

#include <string.h>

#define CMR_STAC_ROOT "https://cmr.earthdata.nasa.gov/stac"
#define CMR_ROOT "https://cmr.earthdata.nasa.gov"
#define DEFAULT_PROVIDER "NSIDC_CPRD"
#define DEFAULT_VERSION "007"
enum { CMR_PAGE = 2000, STAC_PAGE = 250 };

void zg_fetch_request_free(zg_fetch_request *r)
{
    zg_free(r->url);
    zg_free(r->body);
    zg_free(r->search_after);
    *r = (zg_fetch_request){.post = false};
}

static bool copy_text(const char *from, char **to)
{
    *to = from != NULL ? zg_strdup(from) : NULL;
    return from == NULL || *to != NULL;
}

zagg_status zg_fetch_request_copy(const zg_fetch_request *from, zg_fetch_request *out,
                                  zagg_err *err)
{
    zg_fetch_request copy = {.post = from->post};
    if (!copy_text(from->url, &copy.url) || !copy_text(from->body, &copy.body) ||
        !copy_text(from->search_after, &copy.search_after)) {
        zg_fetch_request_free(&copy);
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory for a request");
    }
    *out = copy;
    return ZAGG_OK;
}

void zg_fetch_quote(zg_str *out, const char *text)
{
    static const char HEX[] = "0123456789ABCDEF";
    for (const char *p = text; *p != '\0'; p++) {
        const unsigned char c = (unsigned char)*p;
        if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
            strchr("_.-~", c) != NULL) {
            zg_str_addc(out, *p);
        } else if (c == ' ') {
            zg_str_addc(out, '+');
        } else {
            zg_str_addc(out, '%');
            zg_str_addc(out, HEX[c >> 4]);
            zg_str_addc(out, HEX[c & 15]);
        }
    }
}

void zg_fetch_box_text(zg_str *out, const double box[4], const char *between)
{
    char number[32];
    for (int i = 0; i < 4; i++) {
        zg_str_add(out, i > 0 ? between : "");
        zg_str_addn(out, number, zg_float_repr(box[i], number));
    }
}

static void add_parameter(zg_str *url, const char *name, const char *value)
{
    zg_str_addc(url, strchr(url->data, '?') == NULL ? '?' : '&');
    zg_str_add(url, name);
    zg_str_addc(url, '=');
    zg_fetch_quote(url, value);
}

static const char *or_else(const char *text, const char *otherwise)
{
    return text != NULL ? text : otherwise;
}

/* The root without slashes at its end. */
static void add_root(zg_str *url, const char *root)
{
    size_t len = strlen(root);
    while (len > 0 && root[len - 1] == '/')
        len--;
    zg_str_addn(url, root, len);
}

static void add_dates(zg_str *out, const zagg_search_query *q, const char *between)
{
    zg_str_addf(out, "%sT00:00:00Z%s%sT23:59:59Z", q->start_date, between, q->end_date);
}

static void cmr_stac_url(const zagg_search_query *q, const char *box, const char *dates,
                         unsigned limit, zg_str *url)
{
    zg_str collection;
    char number[16];
    zg_str_init(&collection, 0);
    zg_str_addf(&collection, "%s_%s", q->short_name,
                or_else(q->version, DEFAULT_VERSION));
    add_root(url, or_else(q->root, CMR_STAC_ROOT));
    zg_str_addf(url, "/%s/search", or_else(q->provider, DEFAULT_PROVIDER));
    add_parameter(url, "collections", collection.data);
    add_parameter(url, "bbox", box);
    add_parameter(url, "datetime", dates);
    (void)snprintf(number, sizeof number, "%u", limit);
    add_parameter(url, "limit", number);
    url->failed = url->failed || collection.failed;
    zg_str_free(&collection);
}

static void cmr_url(const zagg_search_query *q, const char *box, const char *dates,
                    unsigned limit, zg_str *url)
{
    char number[16];
    add_root(url, or_else(q->root, CMR_ROOT));
    zg_str_add(url, "/search/granules.json");
    add_parameter(url, "provider", or_else(q->provider, DEFAULT_PROVIDER));
    add_parameter(url, "short_name", q->short_name);
    add_parameter(url, "version", or_else(q->version, DEFAULT_VERSION));
    add_parameter(url, "bounding_box", box);
    add_parameter(url, "temporal", dates);
    (void)snprintf(number, sizeof number, "%u", limit);
    add_parameter(url, "page_size", number);
}

static void stac_body(const zagg_search_query *q, const double box[4], const char *dates,
                      unsigned limit, zg_str *body)
{
    zg_json_out w;
    zg_json_begin(&w, body, -1);
    zg_json_open_map(&w);
    zg_json_key(&w, "collections");
    zg_json_open_list(&w);
    for (size_t i = 0; i < q->n_collections; i++)
        zg_json_str(&w, q->collections[i]);
    zg_json_close_list(&w);
    zg_json_key(&w, "bbox");
    zg_json_open_list(&w);
    for (int i = 0; i < 4; i++)
        zg_json_double(&w, box[i]);
    zg_json_close_list(&w);
    zg_json_put_str(&w, "datetime", dates);
    zg_json_put_u64(&w, "limit", limit);
    if (q->has_max_cloud_cover) {
        zg_json_key(&w, "query");
        zg_json_open_map(&w);
        zg_json_key(&w, "eo:cloud_cover");
        zg_json_open_map(&w);
        zg_json_put_double(&w, "lt", q->max_cloud_cover);
        zg_json_close_map(&w);
        zg_json_close_map(&w);
    }
    zg_json_close_map(&w);
}

zagg_status zg_fetch_first(const zagg_search_query *q, const zagg_search_opts *opts,
                           const double box[4], zg_fetch_request *out, zagg_err *err)
{
    zg_str url, body, box_text, dates;
    const bool stac = q->source == ZAGG_SEARCH_STAC;
    const unsigned limit = opts->page_items > 0 ? opts->page_items
                           : stac               ? STAC_PAGE
                                                : CMR_PAGE;
    zg_str_init(&url, 0);
    zg_str_init(&body, 0);
    zg_str_init(&box_text, 0);
    zg_str_init(&dates, 0);
    zg_fetch_box_text(&box_text, box, ",");
    add_dates(&dates, q, q->source == ZAGG_SEARCH_CMR ? "," : "/");
    if (stac) {
        add_root(&url, q->root);
        zg_str_add(&url, "/search");
        stac_body(q, box, dates.data, limit, &body);
    } else if (q->source == ZAGG_SEARCH_CMR) {
        cmr_url(q, box_text.data, dates.data, limit, &url);
    } else {
        cmr_stac_url(q, box_text.data, dates.data, limit, &url);
    }
    const bool failed = url.failed || body.failed || box_text.failed || dates.failed;
    zg_fetch_request request = {.post = stac};
    request.url = failed ? NULL : zg_str_take(&url);
    request.body = failed || !stac ? NULL : zg_str_take(&body);
    zg_str_free(&url);
    zg_str_free(&body);
    zg_str_free(&box_text);
    zg_str_free(&dates);
    if (request.url == NULL || (stac && request.body == NULL)) {
        zg_fetch_request_free(&request);
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory for a request");
    }
    *out = request;
    return ZAGG_OK;
}
