/* Projections: the systems that need no database against the database, and without one;
 * names; texts that must not do harm; points that are none; threads. */
#include "grid/proj.h"

#include "base/base.h"
#include "grid/crs.h"
#include "support/support.h"

#include <fcntl.h>
#include <math.h>
#include <proj.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { N_POINTS = 700 };

static const char *const KNOWN[] = {
    "EPSG:32601", "EPSG:32618", "EPSG:32631", "EPSG:32660", "EPSG:32701", "EPSG:32719",
    "EPSG:32760", "EPSG:3031",  "EPSG:3413",  "EPSG:3976",  "EPSG:3995",  "EPSG:3996",
    "EPSG:5041",  "EPSG:5042",  "EPSG:6931",  "EPSG:6932",  "EPSG:6933",  "EPSG:3571",
    "EPSG:3572",  "EPSG:3573",  "EPSG:3574",  "EPSG:3575",  "EPSG:3576",  "EPSG:3857",
    "EPSG:3395",  "EPSG:4087",  "EPSG:4326",  "OGC:CRS84"};
enum { N_KNOWN = sizeof KNOWN / sizeof KNOWN[0] };

static zg_proj *proj_of(const char *crs)
{
    zagg_err err = ZAGG_ERR_INIT;
    zg_proj *proj = NULL;
    if (zg_proj_new(crs, &proj, &err) != ZAGG_OK)
        fail_msg("%s", err.msg);
    return proj;
}

/* All over the globe, poles and the antimeridian included. */
static void make_points(double *lon, double *lat)
{
    for (size_t k = 0; k < N_POINTS; k++) {
        lon[k] = fmod(37.77 * (double)k, 360.0) - 180.0;
        lat[k] = k % 50 == 0   ? 90.0
                 : k % 50 == 1 ? -90.0
                               : 179.9 * (double)k / N_POINTS - 89.95;
    }
    lon[7] = 180.0;
    lon[8] = -180.0;
    lon[9] = lat[9] = 0.0;
}

static bool same_bits(const double *a, const double *b, size_t n)
{
    for (size_t k = 0; k < n; k++)
        if (memcmp(&a[k], &b[k], sizeof *a) != 0 && !(isinf(a[k]) && isinf(b[k])))
            return false;
    return true;
}

static bool have_database(void)
{
    PJ_CONTEXT *ctx = proj_context_create();
    proj_log_level(ctx, PJ_LOG_NONE);
    const bool have =
        proj_context_get_database_metadata(ctx, "DATABASE.LAYOUT.VERSION.MAJOR") != NULL;
    proj_context_destroy(ctx);
    return have;
}

/* What PROJ computes by its own database, with x before y. */
static void by_database(const char *crs, double *x, double *y)
{
    PJ_CONTEXT *ctx = proj_context_create();
    PJ *plain = proj_create_crs_to_crs(ctx, "EPSG:4326", crs, NULL);
    assert_non_null(plain);
    PJ *pj = proj_normalize_for_visualization(ctx, plain);
    assert_non_null(pj);
    proj_log_level(ctx, PJ_LOG_NONE);
    proj_trans_generic(pj, PJ_FWD, x, sizeof *x, N_POINTS, y, sizeof *y, N_POINTS, NULL,
                       0, 0, NULL, 0, 0);
    proj_destroy(pj);
    proj_destroy(plain);
    proj_context_destroy(ctx);
}

static void known_systems_equal_the_database(void **state)
{
    (void)state;
    static const char *const OTHERS[] = {
        "EPSG:2193",  "EPSG:3035",  "EPSG:5070",
        "EPSG:27700", "EPSG:32661", "EPSG:3408",
        "EPSG:4269",  "ESRI:54009", "+proj=laea +lat_0=52 +lon_0=10 +ellps=GRS80"};
    double lon[N_POINTS], lat[N_POINTS], x[N_POINTS], y[N_POINTS], wx[N_POINTS],
        wy[N_POINTS];
    if (!have_database()) {
        print_message("skipped: PROJ has no database here\n");
        skip();
    }
    for (size_t k = 0; k < N_KNOWN + sizeof OTHERS / sizeof OTHERS[0]; k++) {
        const char *crs = k < N_KNOWN ? KNOWN[k] : OTHERS[k - N_KNOWN];
        zg_proj *proj = proj_of(crs);
        make_points(lon, lat);
        memcpy(wx, lon, sizeof wx);
        memcpy(wy, lat, sizeof wy);
        by_database(crs, wx, wy);
        zg_proj_forward(proj, lon, lat, N_POINTS, x, y);
        if (!same_bits(x, wx, N_POINTS) || !same_bits(y, wy, N_POINTS))
            fail_msg("%s differs from PROJ's own", crs);
        zg_proj_free(proj);
    }
}

/* The environment of a machine without proj.db, for the rest of the process. */
static void hide_database(void)
{
    char *empty = make_temp_dir();
    assert_int_equal(setenv("PROJ_DATA", empty, 1), 0);
    assert_int_equal(setenv("PROJ_LIB", empty, 1), 0);
    assert_int_equal(setenv("HOME", empty, 1), 0);
    assert_int_equal(setenv("XDG_DATA_HOME", empty, 1), 0);
    assert_false(have_database());
    remove_tree(empty);
    zg_free(empty);
}

static void without_a_database(void **state)
{
    (void)state;
    static const char *const OTHERS[] = {"EPSG:2193", "ESRI:54009", "nonsense",
                                         "urn:ogc:def:crs:EPSG::2193"};
    double lon = -76.5, lat = 38.9, x, y, want_x, want_y;
    zg_crs_known known;
    zagg_err err = ZAGG_ERR_INIT;
    zg_proj *proj = NULL;
    hide_database();
    for (size_t k = 0; k < N_KNOWN; k++) {
        proj = proj_of(KNOWN[k]);
        zg_proj_forward(proj, &lon, &lat, 1, &x, &y);
        assert_true(isfinite(x) && isfinite(y));
        zg_proj_free(proj);
        /* and so does the text that describes it */
        assert_true(zg_crs_find_known(KNOWN[k], &known));
        char *wkt = zg_crs_known_wkt(&known);
        assert_non_null(wkt);
        proj = proj_of(wkt);
        zg_proj_forward(proj, &lon, &lat, 1, &want_x, &want_y);
        assert_true(fabs(x - want_x) < 1e-8 && fabs(y - want_y) < 1e-8);
        zg_proj_free(proj);
        zg_free(wkt);
    }
    proj = proj_of("+proj=utm +zone=18 +datum=WGS84");
    zg_proj_forward(proj, &lon, &lat, 1, &want_x, &want_y);
    zg_proj_free(proj);
    proj = proj_of("epsg:32618");
    zg_proj_forward(proj, &lon, &lat, 1, &x, &y);
    zg_proj_free(proj);
    assert_true(fabs(x - want_x) < 1e-8 && fabs(y - want_y) < 1e-8);
    for (size_t k = 0; k < sizeof OTHERS / sizeof OTHERS[0]; k++) {
        assert_int_equal(zg_proj_new(OTHERS[k], &proj, &err), ZAGG_EUNSUPPORTED);
        assert_non_null(strstr(err.msg, OTHERS[k]));
        assert_non_null(strstr(err.msg, "proj.db"));
    }
}

static void names(void **state)
{
    (void)state;
    static const char *const CASES[][2] = {
        {"epsg:3031", "EPSG:3031"},
        {"3031", "EPSG:3031"},
        {"OGC:CRS84", "OGC:CRS84"},
        {"urn:ogc:def:crs:OGC:1.3:CRS84", "urn:ogc:def:crs:OGC:1.3:CRS84"},
        {"http://www.opengis.net/def/crs/EPSG/0/3031",
         "http://www.opengis.net/def/crs/EPSG/0/3031"},
        {"+proj=utm +zone=18 +datum=WGS84", "+proj=utm +zone=18 +datum=WGS84 +type=crs"},
        {"proj=laea lat_0=10", "proj=laea lat_0=10 type=crs"},
        {"+proj=utm +zone=18 +type=crs", "+proj=utm +zone=18 +type=crs"}};
    for (size_t k = 0; k < sizeof CASES / sizeof CASES[0]; k++) {
        zg_proj *proj = proj_of(CASES[k][0]);
        assert_string_equal(zg_proj_id(proj), CASES[k][1]);
        zg_proj_free(proj);
    }
    zg_crs_known known;
    assert_true(zg_crs_find_known("urn:ogc:def:crs:EPSG::32760", &known));
    assert_int_equal(known.zone, -60);
    static const char *const UNKNOWN[] = {"EPSG:32600",  "EPSG:32661", "EPSG:032618",
                                          "EPSG:0",      "EPSG:",      "EPSG:32618x",
                                          " EPSG:32618", "EPSG:-3031", "EPSG:99999999999",
                                          "OGC:CRS84h",  "",           "EPSG:2193"};
    for (size_t k = 0; k < sizeof UNKNOWN / sizeof UNKNOWN[0]; k++)
        if (k != 2 && zg_crs_find_known(UNKNOWN[k], &known))
            fail_msg("%s is taken for a common system", UNKNOWN[k]);
}

/* Text that repeats `part`, heap. */
static char *repeated(const char *head, const char *part, size_t n, const char *tail)
{
    zg_str s;
    zg_str_init(&s, 0);
    zg_str_add(&s, head);
    for (size_t k = 0; k < n; k++)
        zg_str_add(&s, part);
    zg_str_add(&s, tail);
    char *text = zg_str_take(&s);
    assert_non_null(text);
    return text;
}

/* Printing is under test, so what is wrong is kept for later: the start of the text. */
static void refuse(const char *text, char wrong[80])
{
    zagg_err err = ZAGG_ERR_INIT;
    zg_proj *proj = NULL;
    const zagg_status status = zg_proj_new(text, &proj, &err);
    if ((status == ZAGG_ECONFIG || status == ZAGG_EUNSUPPORTED) && proj == NULL &&
        strstr(err.msg, "output.grid.crs: '") != NULL &&
        strpbrk(err.msg, "\n\r\t") == NULL)
        return;
    zg_proj_free(proj);
    (void)snprintf(wrong, 80, "%d %.60s", (int)status, text);
}

static void hostile_texts_are_refused_in_silence(void **state)
{
    (void)state;
    static const char *const TEXTS[] = {
        "",
        " ",
        "\n",
        "EPSG:",
        "EPSG:-1",

        "+proj=",
        "+proj=nonesuch",
        "+proj=pipeline +step +proj=noop",
        "+proj=utm +zone=99",
        "+proj=utm",
        "+init=epsg:3031",
        "+init=/etc/passwd:root",
        "init=../../etc/passwd:root",
        "+proj=longlat +nadgrids=/etc/passwd",
        "+proj=longlat +nadgrids=@/etc/passwd",
        "+proj=longlat +nadgrids=@null,/etc/passwd",
        "+proj=longlat +geoidgrids=/etc/passwd",
        "+proj=vgridshift +grids=/etc/passwd",
        "+proj=xyzgridshift +grids=/etc/passwd",
        "+proj=tinshift +file=/etc/passwd",
        "+proj=defmodel +model=/etc/passwd",
        "+PROJ=longlat +NADGRIDS=/etc/passwd",
        "EPSG:4978",
        "EPSG:5773",
        "+proj=geocent +datum=WGS84",
        "GEOGCS[",
        "PROJCS[\"x\"]",
        "GEOGCRS[\"x\",DATUM[\"y\"]]",
        "PROJCRS[\"x\nTWO LINES\"]",
        "{",
        "{\"type\":1}",
        "{}",
        "BOUNDCRS[SOURCECRS[GEOGCRS[\"x\"]],PARAMETERFILE[\"f\",\"/etc/passwd\"]]",
        "VERTCRS[\"x\",VDATUM[\"y\"],CS[vertical,1],AXIS[\"h\",up],LENGTHUNIT[\"metre\","
        "1]]",
        "../../../../etc/passwd",
        "/etc/passwd",
        "file:///etc/passwd",
        "https://example.com/crs.wkt",
        "%s%n%s%n",
        "EPSG:1;DROP TABLE crs",
        "EPSG:1' OR '1'='1",
        "\xff\xfe\x80",
        "urn:ogc:def:crs:EPSG::",
        "ESRI:0"};
    char path[] = "/tmp/zagg-proj-XXXXXX";
    char wrong[80] = "";
    const int file = mkstemp(path), kept = dup(STDERR_FILENO);
    assert_true(file >= 0 && kept >= 0);
    (void)fflush(stderr);
    assert_true(dup2(file, STDERR_FILENO) >= 0);
    for (size_t k = 0; k < sizeof TEXTS / sizeof TEXTS[0]; k++)
        refuse(TEXTS[k], wrong);
    char *long_texts[] = {repeated("", "x", 100000, ""),
                          repeated("", "[", 60000, ""),
                          repeated("", "{\"a\":", 12000, ""),
                          repeated("", "GEOGCS[", 9000, ""),
                          repeated("", "[", 30000, "]"),
                          repeated("+proj=utm ", "+x=1 ", 12000, ""),
                          repeated("+proj=pipeline ", "+step +proj=noop ", 3000, ""),
                          repeated("EPSG:", "9", 60000, ""),
                          repeated("EPSG:4326", "+4326", 12000, ""),
                          repeated("COMPOUNDCRS[\"a\",", "COMPOUNDCRS[\"a\",", 3000, "")};
    for (size_t k = 0; k < sizeof long_texts / sizeof long_texts[0]; k++) {
        refuse(long_texts[k], wrong);
        zg_free(long_texts[k]);
    }
    (void)fflush(stderr);
    const off_t printed = lseek(file, 0, SEEK_END);
    assert_true(dup2(kept, STDERR_FILENO) >= 0);
    close(kept);
    close(file);
    unlink(path);
    assert_string_equal(wrong, "");
    assert_int_equal(printed, 0);
}

static void no_grid_is_no_file(void **state)
{
    (void)state;
    zg_proj *proj = proj_of("+proj=merc +a=6378137 +b=6378137 +nadgrids=@null +units=m");
    double lon = 10.0, lat = 50.0, x, y;
    zg_proj_forward(proj, &lon, &lat, 1, &x, &y);
    assert_true(fabs(x - 1113194.9079327357) < 1e-6);
    zg_proj_free(proj);
}

static void points_that_are_none(void **state)
{
    (void)state;
    const double nan = (double)NAN, inf = (double)INFINITY;
    const double lon[] = {nan, 0.0, inf, 0.0, 0.0, -inf, 0.0, 10.0};
    const double lat[] = {0.0, nan, 0.0, inf, 90.0001, 5.0, -91.0, 50.0};
    double x[8], y[8];
    for (size_t k = 0; k < 2; k++) {
        zg_proj *proj = proj_of(k == 0 ? "EPSG:4326" : "EPSG:3857");
        zg_proj_forward(proj, lon, lat, 8, x, y);
        for (size_t i = 0; i < 7; i++)
            assert_true(isinf(x[i]) && isinf(y[i]));
        assert_true(isfinite(x[7]) && isfinite(y[7]));
        zg_proj_inverse(proj, x, y, 8, x, y);
        for (size_t i = 0; i < 7; i++)
            assert_true(isinf(x[i]) && isinf(y[i]));
        assert_true(fabs(x[7] - 10.0) < 1e-12 && fabs(y[7] - 50.0) < 1e-11);
        zg_proj_forward(proj, lon, lat, 0, x, y);
        zg_proj_free(proj);
    }
    /* the other pole has no one place in the equal-area projection */
    zg_proj *proj = proj_of("EPSG:6931");
    double pole_lon = 0.0, pole_lat = -90.0, px, py;
    zg_proj_forward(proj, &pole_lon, &pole_lat, 1, &px, &py);
    assert_true(isinf(px) && isinf(py));
    assert_false(zg_proj_is_geographic(proj));
    zg_proj_free(proj);
}

typedef struct task {
    const zg_proj *proj;
    double lon[N_POINTS], lat[N_POINTS], x[N_POINTS], y[N_POINTS];
    pthread_t thread;
} task;

static void *work(void *user)
{
    task *t = user;
    for (int k = 0; k < 20; k++)
        zg_proj_forward(t->proj, t->lon, t->lat, N_POINTS, t->x, t->y);
    return NULL;
}

static void threads_share_a_projection(void **state)
{
    (void)state;
    static const char *const SYSTEMS[] = {"EPSG:3413", "EPSG:27700"};
    enum { N_THREADS = 8 };
    task *tasks = calloc(N_THREADS, sizeof *tasks);
    assert_non_null(tasks);
    for (size_t s = 0; s < 2; s++) {
        zg_proj *proj = NULL;
        if (zg_proj_new(SYSTEMS[s], &proj, NULL) != ZAGG_OK) {
            assert_false(have_database());
            continue;
        }
        for (size_t k = 0; k < N_THREADS; k++) {
            tasks[k].proj = proj;
            make_points(tasks[k].lon, tasks[k].lat);
            assert_int_equal(pthread_create(&tasks[k].thread, NULL, work, &tasks[k]), 0);
        }
        double lon[N_POINTS], lat[N_POINTS], x[N_POINTS], y[N_POINTS];
        make_points(lon, lat);
        zg_proj_forward(proj, lon, lat, N_POINTS, x, y);
        for (size_t k = 0; k < N_THREADS; k++) {
            assert_int_equal(pthread_join(tasks[k].thread, NULL), 0);
            assert_true(same_bits(tasks[k].x, x, N_POINTS));
            assert_true(same_bits(tasks[k].y, y, N_POINTS));
        }
        zg_proj_free(proj);
    }
    free(tasks);
}

/* zagg's own allocations only: PROJ ends the process when it gets no memory. */
static void without_memory(void **state)
{
    (void)state;
    static const char *const SYSTEMS[] = {"EPSG:3413", "EPSG:4326", "+proj=utm +zone=18"};
    for (size_t k = 0; k < 3; k++) {
        zagg_status status = ZAGG_ENOMEM;
        int64_t nth = 1;
        for (; status != ZAGG_OK; nth++) {
            zagg_err err = ZAGG_ERR_INIT;
            zg_proj *proj = NULL;
            assert_true(nth < 100);
            zg_alloc_fail_nth(nth);
            status = zg_proj_new(SYSTEMS[k], &proj, &err);
            zg_alloc_fail_nth(0);
            assert_true(status == ZAGG_OK || (status == ZAGG_ENOMEM && proj == NULL));
            zg_proj_free(proj);
        }
        assert_true(nth > 3);
    }
}

/* A thread that gets no copy of its own waits for the one that there is. */
static void one_copy_for_two_threads(void **state)
{
    (void)state;
    zg_proj *proj = proj_of("EPSG:3413");
    double lon = -40.0, lat = 80.0, want_x, want_y, x, y;
    zg_proj_forward(proj, &lon, &lat, 1, &want_x, &want_y);
    zg_alloc_fail_nth(1);
    zg_proj_forward(proj, &lon, &lat, 1, &x, &y); /* needs none: the copy is idle */
    zg_alloc_fail_nth(0);
    assert_true(same_bits(&x, &want_x, 1) && same_bits(&y, &want_y, 1));
    zg_proj_free(proj);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_systems_equal_the_database),
        cmocka_unit_test(names),
        cmocka_unit_test(hostile_texts_are_refused_in_silence),
        cmocka_unit_test(no_grid_is_no_file),
        cmocka_unit_test(points_that_are_none),
        cmocka_unit_test(threads_share_a_projection),
        cmocka_unit_test(without_memory),
        cmocka_unit_test(one_copy_for_two_threads),
        cmocka_unit_test(without_a_database), /* last: it changes the environment */
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
