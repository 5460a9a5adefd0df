/* zagg h5 ls: groups, datasets and links of an HDF5 file, as a table or as JSON. */
#include "cli/cli.h"
#include "cli/cmd_h5.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

enum { OPT_DEPTH = 256, OPT_JSON };

static const cli_option OPTIONS[] = {
    {'r', "recursive", NULL, "everything below (the default)"},
    {OPT_DEPTH, "depth", "N", "only N levels below"},
    {OPT_JSON, "json", NULL, "print one JSON object"},
    {0, NULL, NULL, NULL}};
static const cli_command COMMAND = {
    "h5 ls", "h5 ls FILE [PATH] [OPTIONS]",
    "List the groups, datasets and links of an HDF5 file, or what is at and below PATH.\n"
    "STORED are the bytes of the data in the file, RATIO how many bytes each stands "
    "for.\n"
    "What zagg does not read is listed with the reason. Exit code 1: something is "
    "damaged.",
    OPTIONS,
    "  zagg h5 ls ATL03.h5\n"
    "  zagg h5 ls ATL03.h5 /gt1l/heights\n"
    "  zagg h5 ls ATL03.h5 / --depth 1"};

/* Cells of a dataset's line; other lines have a path and a text. */
enum { N_CELLS = 8, N_LEFT = 5 };
static const char *const HEADS[N_CELLS] = {"PATH",    "TYPE",   "SHAPE",  "CHUNK",
                                           "FILTERS", "CHUNKS", "STORED", "RATIO"};

typedef struct listing {
    const char *file, *path;
    unsigned depth;
    bool json, damaged;
    zg_json_out w;
    zg_str text; /* JSON, or lines of cells with a tab between them */
} listing;

static int take(void *user, int id, const char *value)
{
    listing *l = user;
    long long n;
    switch (id) {
    case 0:
        return h5_take_path(&COMMAND, &l->file, &l->path, value);
    case OPT_DEPTH:
        if (!cli_integer(&COMMAND, "depth", value, 0, UINT_MAX, &n))
            return EXIT_USAGE;
        l->depth = (unsigned)n;
        return 0;
    case OPT_JSON:
        l->json = true;
        return 0;
    default:
        l->depth = UINT_MAX;
        return 0;
    }
}

/* Bytes of a dataset, or why they are not known. */
typedef struct extent {
    zagg_h5_info info;
    zagg_h5_storage storage;
    zagg_status status;
    zagg_err err;
} extent;

static const char *layout_name(zagg_h5_layout layout)
{
    return layout == ZAGG_H5_COMPACT      ? "compact"
           : layout == ZAGG_H5_CONTIGUOUS ? "contiguous"
                                          : "chunked";
}

static double ratio(const zagg_h5_storage *s)
{
    return s->stored_bytes ? (double)s->data_bytes / (double)s->stored_bytes : 0;
}

/* The reason behind "FILE: PATH: ", which the line has already. */
static const char *reason_of(const extent *e, const char *file)
{
    const char *msg = e->err.msg;
    const char *parts[] = {file, e->info.path};
    for (size_t i = 0; i < 2; i++) {
        const size_t len = strlen(parts[i]);
        if (strncmp(msg, parts[i], len) == 0 && strncmp(msg + len, ": ", 2) == 0)
            msg += len + 2;
    }
    return msg;
}

/* ---- text ---- */

static void text_dataset(zg_str *s, const extent *e)
{
    const zagg_h5_info *i = &e->info;
    char stored[32];
    zg_str_addf(s, "\t%s\t", zagg_dtype_name(i->dtype));
    h5_add_shape(s, i->dims, i->rank, " x ");
    zg_str_addc(s, '\t');
    if (i->layout == ZAGG_H5_CHUNKED)
        h5_add_shape(s, i->chunk_dims, i->rank, " x ");
    else
        zg_str_add(s, layout_name(i->layout));
    const char *const filters[] = {i->shuffle ? "shuffle" : "",
                                   i->deflate ? "deflate" : "",
                                   i->fletcher32 ? "fletcher32" : ""};
    const char *before = "\t";
    for (size_t k = 0; k < 3; k++)
        if (filters[k][0]) {
            zg_str_addf(s, "%s%s", before, filters[k]);
            before = "+";
        }
    if (before[0] == '\t')
        zg_str_add(s, "\t-");
    zg_str_addf(s, "\t%" PRIu64 "\t%s\t", e->storage.chunks,
                cli_bytes(e->storage.stored_bytes, stored));
    if (e->storage.stored_bytes)
        zg_str_addf(s, "%.2f", ratio(&e->storage));
    else
        zg_str_addc(s, '-');
}

static void text_node(listing *l, const zagg_h5_node *n, const extent *e)
{
    zg_str *s = &l->text;
    h5_add_text(s, n->path);
    if (n->kind == ZAGG_H5_GROUP && n->path[1])
        zg_str_addc(s, '/');
    if (n->dataset && e->status == ZAGG_OK) {
        text_dataset(s, e);
    } else if (n->same_as) {
        zg_str_add(s, "\tsame as ");
        h5_add_text(s, n->same_as);
    } else if (n->target) {
        zg_str_addf(s, "\t%s -> ",
                    n->kind == ZAGG_H5_SOFT_LINK ? "soft link" : "external link");
        h5_add_text(s, n->target);
    } else {
        static const char *const NAMES[] = {"group", "dataset", "soft link",
                                            "external link", "neither group nor dataset"};
        zg_str_addf(s, "\t%s", NAMES[n->kind]);
    }
    const zagg_status status = n->dataset ? e->status : n->status;
    if (status != ZAGG_OK) {
        zg_str_addf(s, ", %s: ",
                    n->kind == ZAGG_H5_SOFT_LINK  ? "leads nowhere"
                    : status == ZAGG_EUNSUPPORTED ? "not read"
                    : status == ZAGG_ERANGE       ? "over a limit"
                                                  : "damaged");
        h5_add_text(s, n->dataset ? reason_of(e, l->file) : n->reason);
    }
    zg_str_addc(s, '\n');
}

/* Columns of a terminal that UTF-8 text takes, each character counting as one. */
static size_t width_of(const char *text, size_t len)
{
    size_t n = 0;
    for (size_t i = 0; i < len; i++)
        n += ((unsigned char)text[i] & 0xc0) != 0x80;
    return n;
}

static void print_line(const char *line, const size_t width[N_CELLS])
{
    size_t k = 0;
    for (const char *p = line;; k++) {
        const size_t len = strcspn(p, "\t\n"), w = width_of(p, len);
        const bool last = p[len] == '\n';
        const int pad = !last && k < N_LEFT && w < width[k] ? (int)(width[k] - w) : 0;
        const int indent = k >= N_LEFT && w < width[k] ? (int)(width[k] - w) : 0;
        printf("%*s%.*s%*s%s", indent, "", (int)len, p, pad, "", last ? "\n" : "  ");
        if (last)
            return;
        p += len + 1;
    }
}

static void print_table(const char *text)
{
    size_t width[N_CELLS];
    char head[128];
    size_t at = 0;
    bool any = false;
    for (size_t k = 0; k < N_CELLS; k++) {
        width[k] = strlen(HEADS[k]);
        at += (size_t)snprintf(head + at, sizeof head - at, "%s%c", HEADS[k],
                               k + 1 < N_CELLS ? '\t' : '\n');
    }
    for (const char *line = text; *line; line = strchr(line, '\n') + 1) {
        const char *end = strchr(line, '\n');
        size_t tabs = 0;
        for (const char *p = line; p < end; p++)
            tabs += *p == '\t';
        any = any || tabs + 1 == N_CELLS;
        size_t k = 0;
        for (const char *p = line; p < end; k++) {
            const size_t len = strcspn(p, "\t\n"), w = width_of(p, len);
            if ((k == 0 || tabs + 1 == N_CELLS) && w > width[k])
                width[k] = w;
            p += len + 1;
        }
    }
    if (any)
        print_line(head, width);
    for (const char *line = text; *line; line = strchr(line, '\n') + 1)
        print_line(line, width);
}

/* ---- JSON ---- */

static void json_text(zg_json_out *w, const char *key, const char *text)
{
    zg_json_put_str(w, key, text);
}

static void json_dataset(zg_json_out *w, const extent *e)
{
    const zagg_h5_info *i = &e->info;
    json_text(w, "dtype", zagg_dtype_name(i->dtype));
    zg_json_key(w, "shape");
    h5_json_dims(w, i->dims, i->rank);
    json_text(w, "layout", layout_name(i->layout));
    if (i->layout == ZAGG_H5_CHUNKED) {
        zg_json_key(w, "chunk_shape");
        h5_json_dims(w, i->chunk_dims, i->rank);
    }
    zg_json_key(w, "filters");
    zg_json_open_list(w);
    if (i->shuffle)
        zg_json_str(w, "shuffle");
    if (i->deflate)
        zg_json_str(w, "deflate");
    if (i->fletcher32)
        zg_json_str(w, "fletcher32");
    zg_json_close_list(w);
    if (e->status != ZAGG_OK)
        return;
    zg_json_put_u64(w, "chunks", e->storage.chunks);
    zg_json_put_u64(w, "stored_bytes", e->storage.stored_bytes);
    zg_json_put_u64(w, "data_bytes", e->storage.data_bytes);
    zg_json_key(w, "ratio");
    if (e->storage.stored_bytes)
        zg_json_double(w, ratio(&e->storage));
    else
        zg_json_null(w);
}

static void json_node(listing *l, const zagg_h5_node *n, const extent *e)
{
    static const char *const NAMES[] = {"group", "dataset", "soft link", "external link",
                                        "other"};
    const zagg_status status = n->dataset ? e->status : n->status;
    zg_json_open_map(&l->w);
    json_text(&l->w, "path", n->path);
    json_text(&l->w, "kind", NAMES[n->kind]);
    if (n->dataset)
        json_dataset(&l->w, e);
    if (n->target)
        json_text(&l->w, "target", n->target);
    if (n->same_as)
        json_text(&l->w, "same_as", n->same_as);
    if (status != ZAGG_OK) {
        json_text(&l->w, "status", zagg_status_name(status));
        json_text(&l->w, "reason", n->dataset ? reason_of(e, l->file) : n->reason);
    }
    zg_json_close_map(&l->w);
}

/* ---- both ---- */

static zagg_status visit(void *user, const zagg_h5_node *node, zagg_err *err)
{
    listing *l = user;
    extent e = {.status = ZAGG_OK};
    if (node->dataset) {
        e.info = zagg_h5_dataset_info(node->dataset);
        e.status = zagg_h5_storage_read(node->dataset, &e.storage, &e.err);
        if (e.status == ZAGG_ENOMEM)
            return zagg_err_set(err, e.status, "%s", e.err.msg);
    }
    const zagg_status status = node->dataset ? e.status : node->status;
    l->damaged = l->damaged || (status != ZAGG_OK && status != ZAGG_EUNSUPPORTED &&
                                status != ZAGG_ERANGE && node->kind != ZAGG_H5_SOFT_LINK);
    if (l->json)
        json_node(l, node, &e);
    else
        text_node(l, node, &e);
    return l->text.failed ? zagg_err_set(err, ZAGG_ENOMEM, "no memory for the list")
                          : ZAGG_OK;
}

static zagg_status list(listing *l, h5_file *f)
{
    ZAGG_TRY(h5_file_open(f, l->file));
    if (!l->json)
        return zagg_h5_walk(f->h5, l->path, l->depth, visit, l, &f->err);
    zg_json_begin(&l->w, &l->text, -1);
    zg_json_open_map(&l->w);
    json_text(&l->w, "file", l->file);
    zg_json_key(&l->w, "bytes");
    zg_json_u64(&l->w, zagg_source_size(f->source));
    zg_json_key(&l->w, "objects");
    zg_json_open_list(&l->w);
    ZAGG_TRY(zagg_h5_walk(f->h5, l->path, l->depth, visit, l, &f->err));
    zg_json_close_list(&l->w);
    zg_json_close_map(&l->w);
    zg_str_addc(&l->text, '\n');
    return l->text.failed ? zagg_err_set(&f->err, ZAGG_ENOMEM, "no memory for the list")
                          : ZAGG_OK;
}

int h5_ls(int argc, char **argv)
{
    listing l = {.depth = UINT_MAX};
    int code = cli_parse(&COMMAND, argc, argv, take, &l);
    if (code != 0)
        return code == CLI_DONE ? EXIT_OK : code;
    code = h5_need(&COMMAND, l.file, "FILE");
    if (code != 0)
        return code;
    if (!l.path)
        l.path = "/";
    zg_str_init(&l.text, 0);
    h5_file f;
    const zagg_status st = list(&l, &f);
    code = l.damaged ? EXIT_FAILED : EXIT_OK;
    if (st != ZAGG_OK)
        code = h5_fail(&f, &COMMAND, st);
    else if (l.json)
        fputs(l.text.data, stdout);
    else
        print_table(l.text.data);
    h5_file_close(&f);
    zg_str_free(&l.text);
    return code;
}
