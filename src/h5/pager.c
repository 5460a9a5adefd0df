/* Metadata pager: aligned pages of the source, kept in a small least-recently-used cache.
 * Chunk data never goes through here, so a file of any size costs a few MiB at most. */
#include "h5/h5.h"
#include "io/source.h"

#define SMALL_FILE_BYTES ((uint64_t)64 << 20)
#define SMALL_FILE_PAGE_BYTES ((size_t)64 << 10)
/* Pages that are missing come together, and chunks that they happen to hold are taken
 * from them. In a small file structures lie close together, so that larger pages save
 * requests and round trips; in a large one (of 1 GB: 64 requests with 128 KiB as with
 * 256) they are bytes for nothing. */
#define REMOTE_PAGE_BYTES ((size_t)128 << 10)
#define REMOTE_SMALL_PAGE_BYTES ((size_t)256 << 10)
#define MIN_PAGE_BYTES ((size_t)4 << 10)
#define MAX_PAGE_BYTES ((size_t)1 << 20)
/* How much more of a page is worth having that holds nothing but metadata. */
#define METADATA_ONLY 4

static void use_pages_of(zagg_h5 *file, size_t page_bytes)
{
    file->page_bytes = page_bytes;
    uint64_t pages = file->limits.max_metadata_bytes / 16 / page_bytes;
    file->max_pages = pages < 4 ? 4 : pages > 256 ? 256 : (size_t)pages;
    zg_vec_init(&file->pages, sizeof(zg_h5_page), file->max_pages);
}

void zg_h5_pager_init(zagg_h5 *file)
{
    /* Metadata of large granules is scattered in small blocks between the chunks: larger
     * pages save requests there, and cost what their bytes cost. In a small file they
     * would read data for nothing. */
    size_t most = file->size < SMALL_FILE_BYTES ? SMALL_FILE_PAGE_BYTES : MAX_PAGE_BYTES;
    size_t bytes = zg_source_request_bytes(file->source);
    file->is_remote = zg_source_is_parallel(file->source);
    zg_vec_init(&file->blocks, sizeof(zg_h5_block), 0);
    zg_vec_init(&file->missing, sizeof(zagg_range), 0);
    if (file->is_remote)
        most =
            file->size < SMALL_FILE_BYTES ? REMOTE_SMALL_PAGE_BYTES : REMOTE_PAGE_BYTES;
    use_pages_of(file, bytes < MIN_PAGE_BYTES ? MIN_PAGE_BYTES
                       : bytes > most         ? most
                                              : bytes);
}

void zg_h5_pager_file_pages(zagg_h5 *file, uint64_t file_page_bytes)
{
    /* A power of two that divides the page of the file, within what is worth one request.
     */
    size_t bytes = MIN_PAGE_BYTES,
           most = METADATA_ONLY * zg_source_request_bytes(file->source);
    while (bytes < MAX_PAGE_BYTES && 2 * bytes <= most && 2 * bytes <= file_page_bytes &&
           file_page_bytes % (2 * bytes) == 0)
        bytes *= 2;
    file->has_pages = true;
    if (bytes <= file->page_bytes)
        return;
    if (file->is_remote || zg_source_has_holes(file->source)) {
        /* Blocks of any length stay. */
        file->page_bytes = bytes;
        return;
    }
    zg_h5_pager_free(file);
    use_pages_of(file, bytes);
}

void zg_h5_pager_free(zagg_h5 *file)
{
    for (size_t i = 0; i < file->pages.len; i++)
        zg_free(ZG_VEC_AT(&file->pages, zg_h5_page, i)->data);
    zg_vec_free(&file->pages);
    zg_h5_blocks_free(file);
}

/* A page to load into: a new one, or the one whose last use is longest ago. */
static zg_h5_page *page_to_load(zagg_h5 *file)
{
    if (file->pages.len < file->max_pages) {
        uint8_t *data = zg_realloc(NULL, file->page_bytes, 1);
        zg_h5_page *page = data ? zg_vec_push(&file->pages) : NULL;
        if (!page) {
            zg_free(data);
            return NULL;
        }
        page->data = data;
        return page;
    }
    zg_h5_page *oldest = ZG_VEC_AT(&file->pages, zg_h5_page, 0);
    for (size_t i = 1; i < file->pages.len; i++) {
        zg_h5_page *p = ZG_VEC_AT(&file->pages, zg_h5_page, i);
        if (p->used < oldest->used)
            oldest = p;
    }
    return oldest;
}

/* The page as a value: its data stay where they are until the next page is asked for. */
static zagg_status page_at(zagg_h5 *file, uint64_t number, zg_h5_page *out, zagg_err *err)
{
    file->clock++;
    for (size_t i = 0; i < file->pages.len; i++) {
        zg_h5_page *p = ZG_VEC_AT(&file->pages, zg_h5_page, i);
        if (p->len && p->number == number) {
            p->used = file->clock;
            *out = *p;
            return ZAGG_OK;
        }
    }
    zg_h5_page *page = page_to_load(file);
    if (!page)
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory for a metadata page");
    uint64_t offset = number * file->page_bytes, left = file->size - offset;
    size_t len = left < file->page_bytes ? (size_t)left : file->page_bytes;
    page->len = 0; /* stays unused if the read fails */
    ZAGG_TRY(zagg_source_read_at(file->source, offset, len, page->data, err));
    page->number = number;
    page->len = len;
    page->used = file->clock;
    *out = *page;
    return ZAGG_OK;
}

zagg_status zg_h5_meta(zagg_h5 *file, uint64_t addr, size_t len, void *out, zagg_err *err)
{
    uint64_t offset, end;
    if (addr == ZG_H5_UNDEF || !zg_add_u64(file->base, addr, &offset) ||
        !zg_add_u64(offset, len, &end) || end > file->size)
        return zagg_err_set(err, ZAGG_EFORMAT,
                            "metadata at address %llu (%zu bytes) is not inside the file "
                            "of %llu bytes",
                            (unsigned long long)addr, len,
                            (unsigned long long)file->size);
    if (file->is_remote || zg_source_has_holes(file->source))
        return zg_h5_blocks_read(file, offset, len, out, err);
    uint8_t *to = out;
    while (len) {
        zg_h5_page page = {0, 0, 0, NULL};
        ZAGG_TRY(page_at(file, offset / file->page_bytes, &page, err));
        size_t in_page = (size_t)(offset % file->page_bytes);
        size_t n = page.len - in_page < len ? page.len - in_page : len;
        memcpy(to, page.data + in_page, n);
        to += n;
        offset += n;
        len -= n;
    }
    return ZAGG_OK;
}

zagg_status zg_h5_meta_new(zagg_h5 *file, uint64_t addr, size_t len, uint8_t **out,
                           zagg_err *err)
{
    /* Checked before memory is asked for: a length out of a damaged file can be anything.
     */
    if (len > file->size || len > file->limits.max_metadata_bytes)
        return zagg_err_set(err, ZAGG_EFORMAT,
                            "metadata block of %zu bytes at address %llu is too large",
                            len, (unsigned long long)addr);
    uint8_t *block = zg_realloc(NULL, len ? len : 1, 1);
    if (!block)
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory for %zu bytes of metadata", len);
    zagg_status st = zg_h5_meta(file, addr, len, block, err);
    if (st != ZAGG_OK) {
        zg_free(block);
        return st;
    }
    *out = block;
    return ZAGG_OK;
}
