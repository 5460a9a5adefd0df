/* Opening a file: superblock versions 0, 1 (section II.A of the format specification) and
 * 2, 3, which hold the base address, the end of the file and the root group. */
#include "h5/h5.h"

/* Flags of superblock version 3: set while the file is written. */
#define WRITTEN 0x01u
#define WRITTEN_SWMR 0x04u
#define STRATEGY_PAGE 1 /* of file space: metadata and data in pages of their own */

static const uint8_t signature[8] = {0x89, 'H', 'D', 'F', '\r', '\n', 0x1a, '\n'};

/* A user block may precede the superblock, which is then at a power of two from 512 on.
 */
static zagg_status find_signature(zagg_h5 *file, uint64_t *out, zagg_err *err)
{
    uint8_t bytes[sizeof signature];
    for (uint64_t at = 0; at <= file->size && file->size - at >= sizeof bytes;
         at = at ? at * 2 : 512) {
        if (at > UINT64_MAX / 2)
            break;
        ZAGG_TRY(zg_h5_meta(file, at, sizeof bytes, bytes, err));
        if (memcmp(bytes, signature, sizeof bytes) == 0) {
            *out = at;
            return ZAGG_OK;
        }
    }
    return zagg_err_set(err, ZAGG_EFORMAT, "not an HDF5 file");
}

static zagg_status check_sizes(unsigned offsets, unsigned lengths, zagg_err *err)
{
    if (offsets == 8 && lengths == 8)
        return ZAGG_OK;
    bool legal = (offsets == 2 || offsets == 4 || offsets == 8 || offsets == 16) &&
                 (lengths == 2 || lengths == 4 || lengths == 8 || lengths == 16);
    if (!legal)
        return zagg_err_set(err, ZAGG_EFORMAT,
                            "superblock: offsets of %u and lengths of %u bytes", offsets,
                            lengths);
    return zagg_err_set(err, ZAGG_EUNSUPPORTED,
                        "file with offsets of %u and lengths of %u bytes (only 8 and 8 "
                        "are read)",
                        offsets, lengths);
}

typedef struct superblock {
    uint64_t base, end, root, extension;
} superblock;

static zagg_status parse_v0(zg_h5_cur *c, unsigned version, superblock *out,
                            zagg_err *err)
{
    zg_h5_take(c, 4); /* versions of free space, root entry, reserved, shared messages */
    unsigned offsets = (unsigned)zg_h5_uint(c, 1), lengths = (unsigned)zg_h5_uint(c, 1);
    if (!c->bad)
        ZAGG_TRY(check_sizes(offsets, lengths, err));
    zg_h5_take(c, version == 0 ? 9 : 13); /* reserved, tree ranks, flags */
    out->base = zg_h5_uint(c, 8);
    zg_h5_uint(c, 8); /* free space */
    out->end = zg_h5_uint(c, 8);
    uint64_t driver = zg_h5_uint(c, 8);
    zg_h5_uint(c, 8); /* link name of the root entry */
    out->root = zg_h5_uint(c, 8);
    if (!c->bad && driver != ZG_H5_UNDEF)
        return zagg_err_set(err, ZAGG_EUNSUPPORTED,
                            "file of several parts (driver information block)");
    return ZAGG_OK;
}

static zagg_status parse_v2(zg_h5_cur *c, unsigned version, superblock *out,
                            zagg_err *err)
{
    unsigned offsets = (unsigned)zg_h5_uint(c, 1), lengths = (unsigned)zg_h5_uint(c, 1);
    if (!c->bad)
        ZAGG_TRY(check_sizes(offsets, lengths, err));
    unsigned flags = (unsigned)zg_h5_uint(c, 1);
    out->base = zg_h5_uint(c, 8);
    out->extension = zg_h5_uint(c, 8);
    out->end = zg_h5_uint(c, 8);
    out->root = zg_h5_uint(c, 8);
    zg_h5_uint(c, 4);
    if (c->bad)
        return ZAGG_OK;
    ZAGG_TRY(zg_h5_verify(c->p, c->pos, "superblock", err));
    if (version > 2 && flags & (WRITTEN | WRITTEN_SWMR))
        return zagg_err_set(err, ZAGG_EUNSUPPORTED,
                            "file that its writer has not closed (h5clear -s makes it "
                            "readable if no one is writing any more)");
    return ZAGG_OK;
}

/* Messages of the superblock extension (section II.A) that change how a file is read. */
static zagg_status extension_message(void *user, const zg_h5_msg *msg, zagg_err *err)
{
    zagg_h5 *file = user;
    if (msg->type == ZG_H5_MSG_DRIVER)
        return zagg_err_set(err, ZAGG_EUNSUPPORTED,
                            "file of several parts (driver information message)");
    if (msg->type == ZG_H5_MSG_CACHE_IMAGE)
        return zagg_err_set(err, ZAGG_EUNSUPPORTED,
                            "file with a metadata cache image (h5repack removes it)");
    if (msg->type != ZG_H5_MSG_FILE_SPACE)
        return ZAGG_OK;
    zg_h5_cur c = zg_h5_cur_of(msg->data, msg->len);
    unsigned version = (unsigned)zg_h5_uint(&c, 1),
             strategy = (unsigned)zg_h5_uint(&c, 1);
    zg_h5_take(&c, 1 + 8); /* whether free space is kept, threshold */
    uint64_t page_bytes = zg_h5_uint(&c, 8);
    /* version 0 is of files that do not know pages */
    if (version == 1 && strategy == STRATEGY_PAGE && !c.bad)
        zg_h5_pager_file_pages(file, page_bytes);
    return ZAGG_OK;
}

zagg_status zg_h5_superblock(zagg_h5 *file, zagg_err *err)
{
    uint64_t at = 0;
    file->base = 0;
    ZAGG_TRY(find_signature(file, &at, err));
    uint8_t bytes[128];
    uint64_t left = file->size - at;
    size_t len = left < sizeof bytes ? (size_t)left : sizeof bytes;
    ZAGG_TRY(zg_h5_meta(file, at, len, bytes, err));
    zg_h5_cur c = zg_h5_cur_of(bytes, len);
    zg_h5_take(&c, sizeof signature);
    unsigned version = (unsigned)zg_h5_uint(&c, 1);
    superblock sb = {0, 0, 0, ZG_H5_UNDEF};
    if (version > 3)
        return zagg_err_set(err, ZAGG_EUNSUPPORTED, "superblock version %u", version);
    ZAGG_TRY(version < 2 ? parse_v0(&c, version, &sb, err)
                         : parse_v2(&c, version, &sb, err));
    if (c.bad)
        return zagg_err_set(err, ZAGG_EFORMAT,
                            "truncated: the file ends inside its superblock");
    /* The place of the superblock overrides the base address stored in it (a user block
     * may have been put in front later), and shifts the end of the file with it. */
    uint64_t end = sb.end;
    if (sb.base > at)
        end = end > sb.base - at ? end - (sb.base - at) : 0;
    else if (!zg_add_u64(end, at - sb.base, &end))
        end = UINT64_MAX;
    if (end > file->size)
        return zagg_err_set(err, ZAGG_EFORMAT, "truncated: needs %llu bytes, has %llu",
                            (unsigned long long)end, (unsigned long long)file->size);
    file->base = at;
    file->root = sb.root;
    if (sb.extension == ZG_H5_UNDEF)
        return ZAGG_OK;
    zagg_status st = zg_h5_header_walk(file, sb.extension, extension_message, file, err);
    return st == ZAGG_OK ? st : zagg_err_context(err, st, "superblock extension");
}

zagg_status zagg_h5_open(zagg_source *source, const zagg_h5_limits *limits, zagg_h5 **out,
                         zagg_err *err)
{
    zagg_h5 *file = zg_alloc(1, sizeof *file);
    if (!file)
        return zagg_err_set(err, ZAGG_ENOMEM, "%s: no memory to open it",
                            zagg_source_name(source));
    file->source = source;
    file->name = zagg_source_name(source);
    file->size = zagg_source_size(source);
    file->limits = limits ? *limits : (zagg_h5_limits)ZAGG_H5_LIMITS_INIT;
    pthread_mutex_init(&file->lock, NULL);
    zg_h5_pager_init(file);
    zg_vec_init(&file->datasets, sizeof(zagg_h5_dataset *), 0);
    zagg_status st = zg_h5_superblock(file, err);
    if (st != ZAGG_OK) {
        st = zagg_err_context(err, st, "%s", file->name);
        zagg_h5_close(file);
        return st;
    }
    *out = file;
    return ZAGG_OK;
}

zagg_h5_stats zagg_h5_stats_of(const zagg_h5 *file)
{
    return (zagg_h5_stats){file->chunks_decoded, file->bytes_inflated,
                           file->bytes_fetched};
}

void zagg_h5_close(zagg_h5 *file)
{
    if (!file)
        return;
    zg_h5_datasets_free(file);
    zg_h5_slots_free(file);
    zg_h5_pager_free(file);
    pthread_mutex_destroy(&file->lock);
    zg_free(file);
}
