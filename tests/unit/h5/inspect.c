/* Walks over whole files, storage of datasets and the check of chunks: beside libhdf5 on
 * the files of all layouts, on links in circles, with damage, and with every allocation
 * failing once. */
#include "h5/inspect.h"

#include "h5_test.h"

#include <limits.h>
#include <stdio.h>

typedef struct opened {
    char *dir, path[512];
    zagg_source *source;
    zagg_h5 *file;
} opened;

static void open_path(opened *o)
{
    zagg_err err = ZAGG_ERR_INIT;
    assert_int_equal(zagg_source_open_file(o->path, &o->source, &err), ZAGG_OK);
    if (zagg_h5_open(o->source, NULL, &o->file, &err) != ZAGG_OK)
        fail_msg("%s", err.msg);
}

static void close_path(opened *o)
{
    zagg_h5_close(o->file);
    zagg_source_close(o->source);
    o->file = NULL;
    o->source = NULL;
}

static opened open_fixture(size_t kind)
{
    opened o = {.dir = make_temp_dir()};
    fixture_write(&fixture_kinds[kind], o.dir, o.path);
    open_path(&o);
    return o;
}

static void remove_fixture(opened *o)
{
    close_path(o);
    remove_tree(o->dir);
    zg_free(o->dir);
}

/* ---- what libhdf5 says of the same objects ---- */

typedef struct beside {
    hid_t file;
    zg_str last; /* path before */
    size_t groups, datasets, refused, links, again;
    case_report report;
} beside;

static void compare_storage(beside *b, const zagg_h5_node *n)
{
    zagg_err err = ZAGG_ERR_INIT;
    zagg_h5_storage s = {0};
    hid_t ds = H5Dopen2(b->file, n->path, H5P_DEFAULT), space = H5Dget_space(ds);
    hid_t plist = H5Dget_create_plist(ds);
    hsize_t chunks = 0;
    const bool chunked = H5Pget_layout(plist) == H5D_CHUNKED;
    if (chunked)
        assert_true(H5Dget_num_chunks(ds, space, &chunks) >= 0);
    const uint64_t bytes = H5Dget_storage_size(ds);
    const uint64_t elems = (uint64_t)H5Sget_simple_extent_npoints(space);
    if (zagg_h5_storage_read(n->dataset, &s, &err) != ZAGG_OK)
        case_fail(&b->report, n->path, "%s", err.msg);
    else if ((chunked && s.chunks != chunks) || s.stored_bytes != bytes ||
             s.data_bytes !=
                 elems * zagg_dtype_size(zagg_h5_dataset_info(n->dataset).dtype))
        case_fail(&b->report, n->path, "%llu chunks, %llu bytes instead of %llu, %llu",
                  (unsigned long long)s.chunks, (unsigned long long)s.stored_bytes,
                  (unsigned long long)chunks, (unsigned long long)bytes);
    else
        case_pass(&b->report);
    H5Pclose(plist);
    H5Sclose(space);
    H5Dclose(ds);
}

static zagg_status see_beside(void *user, const zagg_h5_node *n, zagg_err *err)
{
    (void)err;
    beside *b = user;
    H5L_info_t info;
    assert_true(n->path[1] == '\0' ||
                H5Lget_info(b->file, n->path, &info, H5P_DEFAULT) >= 0);
    b->groups += n->kind == ZAGG_H5_GROUP;
    b->links += n->kind == ZAGG_H5_SOFT_LINK || n->kind == ZAGG_H5_EXTERNAL_LINK;
    b->again += n->same_as != NULL;
    b->datasets += n->dataset != NULL;
    b->refused += n->kind == ZAGG_H5_DATASET && !n->dataset && !n->same_as;
    if (n->dataset)
        compare_storage(b, n);
    else if (n->kind == ZAGG_H5_DATASET && !n->same_as)
        assert_true(n->status == ZAGG_EUNSUPPORTED && n->reason[0]);
    return ZAGG_OK;
}

static herr_t count_object(hid_t object, const char *name, const H5O_info_t *info,
                           void *user)
{
    (void)object;
    (void)name;
    size_t *counts = user;
    counts[info->type == H5O_TYPE_GROUP ? 0 : info->type == H5O_TYPE_DATASET ? 1 : 2]++;
    return 0;
}

static void beside_libhdf5(void **state)
{
    (void)state;
    for (size_t k = 0; k < n_fixture_kinds; k++) {
        opened o = open_fixture(k);
        beside b = {.report = {.set = fixture_kinds[k].name}};
        zagg_err err = ZAGG_ERR_INIT;
        size_t counts[3] = {0};
        b.file = H5Fopen(o.path, H5F_ACC_RDONLY, H5P_DEFAULT);
        assert_true(b.file >= 0);
        assert_true(H5Ovisit(b.file, H5_INDEX_NAME, H5_ITER_INC, count_object, counts) >=
                    0);
        if (zagg_h5_walk(o.file, "/", UINT_MAX, see_beside, &b, &err) != ZAGG_OK)
            fail_msg("%s", err.msg);
        assert_int_equal(b.groups, counts[0]);
        assert_int_equal(b.datasets + b.refused, counts[1]);
        assert_int_equal(b.links, 6);
        assert_int_equal(b.again, 1);
        report_end(&b.report, 20);
        H5Fclose(b.file);
        zagg_h5_check_summary sum = {0};
        if (zagg_h5_check(o.file, "/", NULL, &sum, &err) != ZAGG_OK)
            fail_msg("%s", err.msg);
        assert_int_equal(sum.damaged_objects, 0);
        assert_int_equal(sum.groups, counts[0]);
        assert_int_equal(sum.datasets, counts[1]);
        assert_true(sum.not_checked >= b.refused && sum.chunks > 100);
        remove_fixture(&o);
    }
}

/* ---- links of all kinds ---- */

static void write_links(const char *path)
{
    hid_t fapl = H5Pcreate(H5P_FILE_ACCESS);
    H5Pset_libver_bounds(fapl, H5F_LIBVER_V110, H5F_LIBVER_V110);
    hid_t file = H5Fcreate(path, H5F_ACC_TRUNC, H5P_DEFAULT, fapl);
    hid_t a = H5Gcreate2(file, "a", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    hid_t b = H5Gcreate2(a, "b", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    hid_t space = H5Screate(H5S_SCALAR), type = H5Tcopy(H5T_NATIVE_INT);
    hid_t ds = H5Dcreate2(b, "new\nline", H5T_NATIVE_FLOAT, space, H5P_DEFAULT,
                          H5P_DEFAULT, H5P_DEFAULT);
    H5Lcreate_hard(file, "/a", b, "up", H5P_DEFAULT, H5P_DEFAULT);
    H5Lcreate_hard(file, "/", b, "root", H5P_DEFAULT, H5P_DEFAULT);
    H5Lcreate_hard(b, "new\nline", file, "again", H5P_DEFAULT, H5P_DEFAULT);
    H5Lcreate_soft("/a/b/up", file, "soft", H5P_DEFAULT, H5P_DEFAULT);
    H5Lcreate_soft("no/where", file, "stray", H5P_DEFAULT, H5P_DEFAULT);
    H5Lcreate_external("o.h5", "/x/y", file, "extern", H5P_DEFAULT, H5P_DEFAULT);
    H5Tcommit2(file, "type", type, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    H5Dclose(ds);
    H5Tclose(type);
    H5Sclose(space);
    H5Gclose(b);
    H5Gclose(a);
    assert_true(H5Fclose(file) >= 0);
    H5Pclose(fapl);
}

static zagg_status write_node(void *user, const zagg_h5_node *n, zagg_err *err)
{
    static const char *const KINDS[] = {"group", "dataset", "soft", "external", "other"};
    (void)err;
    zg_str_addf(user, "%u %s %s%s%s%s%s%s\n", n->depth, n->path, KINDS[n->kind],
                n->target ? " -> " : "", n->target ? n->target : "",
                n->same_as ? " == " : "", n->same_as ? n->same_as : "",
                n->status != ZAGG_OK ? " !" : "");
    return ZAGG_OK;
}

static void expect_walk(zagg_h5 *file, const char *path, unsigned depth,
                        const char *expected)
{
    zg_str text;
    zagg_err err = ZAGG_ERR_INIT;
    zg_str_init(&text, 0);
    if (zagg_h5_walk(file, path, depth, write_node, &text, &err) != ZAGG_OK)
        fail_msg("%s", err.msg);
    assert_string_equal(text.data, expected);
    zg_str_free(&text);
}

static zagg_status stop_walk(void *user, const zagg_h5_node *n, zagg_err *err)
{
    (void)user;
    return n->depth < 2 ? ZAGG_OK : zagg_err_set(err, ZAGG_ECANCELLED, "%s", n->path);
}

static void links(void **state)
{
    (void)state;
    opened o = {.dir = make_temp_dir()};
    zagg_err err = ZAGG_ERR_INIT;
    (void)snprintf(o.path, sizeof o.path, "%s/links.h5", o.dir);
    write_links(o.path);
    open_path(&o);
    expect_walk(o.file, "/", UINT_MAX,
                "0 / group\n"
                "1 /a group\n"
                "2 /a/b group\n"
                "3 /a/b/new\nline dataset\n"
                "3 /a/b/root group == /\n"
                "3 /a/b/up group == /a\n"
                "1 /again dataset == /a/b/new\nline\n"
                "1 /extern external -> o.h5:/x/y\n"
                "1 /soft soft -> /a/b/up\n"
                "1 /stray soft -> no/where !\n"
                "1 /type other\n");
    expect_walk(o.file, "soft/", 1, "0 /soft group\n1 /soft/b group\n");
    expect_walk(o.file, "/again", UINT_MAX, "0 /again dataset\n");
    expect_walk(o.file, "/a", 0, "0 /a group\n");
    assert_int_equal(zagg_h5_walk(o.file, "/no", 1, write_node, NULL, &err),
                     ZAGG_ENOTFOUND);
    assert_non_null(strstr(err.msg, "links.h5: no 'no' in /"));
    assert_int_equal(zagg_h5_walk(o.file, "/", UINT_MAX, stop_walk, NULL, &err),
                     ZAGG_ECANCELLED);
    assert_string_equal(err.msg, "/a/b");
    const zagg_h5_limits small = {600, 1 << 20};
    zg_str text;
    zg_str_init(&text, 0);
    zagg_h5_close(o.file);
    assert_int_equal(zagg_h5_open(o.source, &small, &o.file, &err), ZAGG_OK);
    assert_int_equal(zagg_h5_walk(o.file, "/", UINT_MAX, write_node, &text, &err),
                     ZAGG_ERANGE);
    zg_str_free(&text);
    remove_fixture(&o);
}

/* ---- damage ---- */

static zagg_status write_finding(void *user, const zagg_h5_finding *finding,
                                 zagg_err *err)
{
    (void)err;
    if (!finding->not_checked)
        zg_str_addf(user, "%s: %s\n", finding->path, finding->message);
    return ZAGG_OK;
}

/* Damage to the open file, found with pools of different width. */
static void expect_damage(opened *o, const char *path, uint64_t chunks,
                          const char *pattern)
{
    char *first = NULL;
    for (size_t threads = 1; threads <= 3; threads++) {
        zg_str text;
        zagg_err err = ZAGG_ERR_INIT;
        zagg_pool *pool = NULL;
        zagg_h5_check_summary sum = {0};
        zg_str_init(&text, 0);
        close_path(o);
        open_path(o);
        assert_int_equal(zagg_pool_new(threads, &pool, &err), ZAGG_OK);
        const zagg_h5_check_opts opts = {pool, write_finding, NULL, &text};
        if (zagg_h5_check(o->file, path, &opts, &sum, &err) != ZAGG_OK)
            fail_msg("%s", err.msg);
        zagg_pool_free(pool);
        assert_int_equal(sum.damaged_objects, 1);
        assert_int_equal(sum.damaged_chunks, chunks);
        if (!strstr(text.data, pattern))
            fail_msg("found: %s", text.data);
        if (!first)
            first = zg_strdup(text.data);
        assert_string_equal(text.data, first);
        zg_str_free(&text);
    }
    zg_free(first);
}

static void change(const opened *o, uint64_t at, const void *bytes, size_t n)
{
    FILE *file = fopen(o->path, "r+b");
    assert_non_null(file);
    assert_int_equal(fseek(file, (long)(at + o->file->base), SEEK_SET), 0);
    assert_int_equal(fwrite(bytes, 1, n, file), n);
    assert_int_equal(fclose(file), 0);
}

static zagg_status keep_entries(void *user, const zg_h5_entry *entries, size_t n,
                                zagg_err *err)
{
    (void)err;
    zg_h5_entry **out = user;
    memcpy(*out, entries, n * sizeof *entries);
    *out += n;
    return ZAGG_OK;
}

/* A dataset with shuffled and deflated chunks, in a B-tree of one node. */
static void write_chunks(opened *o)
{
    enum { N = 1000, CHUNK = 100 };
    float values[N];
    const hsize_t dims = N, chunk = CHUNK;
    for (int i = 0; i < N; i++)
        values[i] = (float)(i * 7 % 1013);
    o->dir = make_temp_dir();
    (void)snprintf(o->path, sizeof o->path, "%s/chunks.h5", o->dir);
    hid_t file = H5Fcreate(o->path, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
    hid_t space = H5Screate_simple(1, &dims, NULL), plist = H5Pcreate(H5P_DATASET_CREATE);
    H5Pset_chunk(plist, 1, &chunk);
    H5Pset_shuffle(plist);
    H5Pset_deflate(plist, 6);
    hid_t ds =
        H5Dcreate2(file, "x", H5T_IEEE_F32LE, space, H5P_DEFAULT, plist, H5P_DEFAULT);
    assert_true(H5Dwrite(ds, H5T_NATIVE_FLOAT, H5S_ALL, H5S_ALL, H5P_DEFAULT, values) >=
                0);
    H5Dclose(ds);
    H5Pclose(plist);
    H5Sclose(space);
    assert_true(H5Fclose(file) >= 0);
}

static void damage(void **state)
{
    (void)state;
    zagg_err err = ZAGG_ERR_INIT;
    zg_h5_entry e[10], *end = e;
    zagg_h5_dataset *ds = NULL;
    opened o = {NULL};
    char expected[128];
    write_chunks(&o);
    open_path(&o);
    assert_int_equal(zagg_h5_dataset_open(o.file, "/x", &ds, &err), ZAGG_OK);
    assert_int_equal(zg_h5_each_entries(ds, keep_entries, &end, &err), ZAGG_OK);
    assert_int_equal(end - e, 10);
    const uint64_t tree = ds->addr;
    /* One byte of the compressed stream. */
    uint8_t byte;
    assert_int_equal(
        zagg_source_read_at(o.source, e[3].addr + e[3].size / 2, 1, &byte, &err),
        ZAGG_OK);
    const uint8_t wrong = byte ^ 0x10;
    change(&o, e[3].addr + e[3].size / 2, &wrong, 1);
    (void)snprintf(expected, sizeof expected,
                   "/x: chunk 3 at address %llu: ", (unsigned long long)e[3].addr);
    expect_damage(&o, "/", 1, expected);
    change(&o, e[3].addr + e[3].size / 2, &byte, 1);
    /* The B-tree names the first chunk's bytes, and size, for the second as well: a node
     * has 24 bytes, then keys (size, mask, 2 offsets) and children in turn. */
    uint8_t sizes[4] = {(uint8_t)e[0].size, (uint8_t)(e[0].size >> 8), 0, 0}, addr[8];
    for (unsigned i = 0; i < 8; i++)
        addr[i] = (uint8_t)(e[0].addr >> (8 * i));
    change(&o, tree + 24 + 32, sizes, 4);
    change(&o, tree + 24 + 32 + 24, addr, 8);
    expect_damage(&o, "/x", 1, "/x: chunk 1 at address");
    expect_damage(&o, "/x", 1, "overlaps another chunk\n");
    /* An index that is none. */
    change(&o, tree, "tree", 4);
    expect_damage(&o, "/", 0, "/x: chunk index: ");
    remove_fixture(&o);
}

/* ---- lack of memory ---- */

static void fail_each(opened *o)
{
    zagg_err err = ZAGG_ERR_INIT;
    int64_t nth = 1;
    for (zagg_status st = ZAGG_ENOMEM; st != ZAGG_OK; nth++) {
        zagg_h5_check_summary sum;
        open_path(o);
        zg_alloc_fail_nth(nth);
        st = zagg_h5_check(o->file, "/", NULL, &sum, &err);
        zg_alloc_fail_nth(0);
        if (st != ZAGG_OK && st != ZAGG_ENOMEM)
            fail_msg("allocation %lld: %s", (long long)nth, err.msg);
        assert_true(nth < 10000);
        close_path(o);
    }
    assert_true(nth > 20);
}

static void lack_of_memory(void **state)
{
    (void)state;
    opened o = {NULL};
    write_chunks(&o);
    fail_each(&o);
    write_links(o.path);
    fail_each(&o);
    remove_fixture(&o);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(beside_libhdf5),
        cmocka_unit_test(links),
        cmocka_unit_test(damage),
        cmocka_unit_test(lack_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
