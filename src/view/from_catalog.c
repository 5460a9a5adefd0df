/* A scene of a catalog: footprints by date; or, where these are too many to be told
 * apart, HEALPix cells by how many footprints meet them. */
#include "cat/cat.h"
#include "cat/times.h"
#include "num/num.h"
#include "text/text.h"
#include "view/bins.h"
#include "view/scene.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#define RAD (3.14159265358979323846 / 180)

typedef struct source {
    const char *path;
    const zg_view_opts *opts;
    zg_scene *scene;
    uint64_t n, empty, undated, bad;
    bool by_count; /* asked for, or there are too many */
    bool full;
    bool boxed;
    double
        box[4]; /* of all footprints; longitudes as they stand, 360 wide if any cross */
    char first[32], last[32]; /* days */
    unsigned order;
    zg_frame frame;
    zg_bins bins;
    zg_vec words; /* uint64_t: of the footprint at hand */
} source;

typedef zagg_status (*item_fn)(void *user, const zagg_item *item, zagg_err *err);

static zagg_status each_item(source *s, item_fn fn, zagg_err *err)
{
    zagg_catalog *catalog = NULL;
    const zagg_catalog_opts opts = {.log = s->opts->log};
    ZAGG_TRY(zagg_catalog_open(s->path, &opts, &catalog, err));
    const zagg_status status = zagg_catalog_read(catalog, fn, s, err);
    zagg_catalog_close(catalog);
    return status;
}

static const char *name_of(const zagg_item *item)
{
    return item->id != NULL      ? item->id
           : item->https != NULL ? zg_href_basename(item->https)
           : item->s3 != NULL    ? zg_href_basename(item->s3)
                                 : "(no name)";
}

/* ---- the first pass ---- */

static void note_box(source *s, const double box[4])
{
    const bool crosses = box[0] > box[2];
    const double west = crosses ? -180.0 : box[0], east = crosses ? 180.0 : box[2];
    s->box[0] = s->boxed ? fmin(s->box[0], west) : west;
    s->box[1] = s->boxed ? fmin(s->box[1], box[1]) : box[1];
    s->box[2] = s->boxed ? fmax(s->box[2], east) : east;
    s->box[3] = s->boxed ? fmax(s->box[3], box[3]) : box[3];
    s->boxed = true;
}

static double note_day(source *s, const char *time)
{
    const double us_a_day = 86400e6;
    char day[16];
    int64_t us;
    if (time == NULL || !zg_utc_parse(time, &us)) {
        s->undated++;
        return (double)NAN;
    }
    const double days = (double)us / us_a_day;
    zg_date_format((int64_t)floor(days), day);
    if (s->first[0] == '\0' || strcmp(day, s->first) < 0)
        (void)snprintf(s->first, sizeof s->first, "%s", day);
    if (strcmp(day, s->last) > 0)
        (void)snprintf(s->last, sizeof s->last, "%s", day);
    return days;
}

static zagg_status add_footprint(source *s, const zagg_item *item, const char *time,
                                 double days, zagg_err *err)
{
    zg_scene *scene = s->scene;
    const size_t len = strlen(name_of(item)) + strlen(time != NULL ? time : "") + 8;
    if (scene->items.len == ZG_VIEW_MAX_FOOTPRINTS || len > scene->text_left ||
        scene->shapes.x.len > ZG_VIEW_MAX_VERTICES) {
        s->full = true;
        return ZAGG_OK;
    }
    zg_item *row = zg_scene_item(scene);
    if (row == NULL)
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory for the granules of a catalog");
    scene->text_left -= len;
    row->value = days;
    zg_outlines_shape(&scene->shapes, &item->shape);
    ZAGG_TRY(zg_scene_text(scene, name_of(item), &row->label, err));
    ZAGG_TRY(zg_scene_text(scene, time, &row->time, err));
    return zg_scene_check(scene, err);
}

static zagg_status first_look(void *user, const zagg_item *item, zagg_err *err)
{
    source *s = user;
    const char *time = item->start != NULL ? item->start : item->datetime;
    double box[4];
    bool any = false;
    if (zg_is_stopped(s->opts->stop))
        return zagg_err_set(err, ZAGG_ECANCELLED, "interrupted");
    s->n++;
    const double days = note_day(s, time);
    ZAGG_TRY(zagg_shape_bbox(&item->shape, box, &any, err));
    if (any)
        note_box(s, box);
    else
        s->empty++;
    return s->by_count || s->full ? ZAGG_OK : add_footprint(s, item, time, days, err);
}

/* ---- counting ---- */

/* About as many cells as can be told apart in a box of this size. */
#define WANTED_CELLS 4000.0
enum { MAX_ORDER = 16 };

static unsigned choose_order(const source *s)
{
    const double middle = zg_cos((s->box[1] + s->box[3]) / 2 * RAD);
    const double height = s->box[3] - s->box[1];
    const double width = (s->box[2] - s->box[0]) * fmax(middle, height / 180.0);
    unsigned order = 1;
    while (order < MAX_ORDER) {
        const double cell = 58.6 / ldexp(1.0, (int)order + 1); /* degrees */
        if ((width / cell + 1) * (height / cell + 1) > WANTED_CELLS)
            break;
        order++;
    }
    return order;
}

static zagg_status count_words(source *s, const zagg_words *words, zagg_err *err)
{
    for (size_t i = 0; i < words->n; i++)
        ZAGG_TRY(zg_bins_add(&s->bins, zagg_word_nested(words->words[i]), 1, 0, err));
    return ZAGG_OK;
}

static zagg_status cover_part(source *s, const zagg_shape_part *part, zagg_err *err)
{
    static const zagg_cover_opts OPTS = {.max_cells = 1u << 20};
    zagg_words words;
    const zagg_status status =
        part->kind == ZAGG_SHAPE_POLYGON
            ? zagg_cover_polygon(part->rings, part->n_rings, s->order, &OPTS, &words, err)
            : zagg_cover_line(&part->rings[0], s->order, &OPTS, &words, err);
    if (status == ZAGG_EARG || status == ZAGG_ERANGE) { /* no polygon, or a huge one */
        s->bad++;
        return ZAGG_OK;
    }
    ZAGG_TRY(status);
    const bool ok = words.n == 0 || zg_vec_append(&s->words, words.words, words.n);
    zagg_words_free(&words);
    return ok ? ZAGG_OK : zagg_err_set(err, ZAGG_ENOMEM, "no memory for a footprint");
}

/* All parts as one set of cells: a cell that two parts meet counts once. */
static zagg_status count_item(void *user, const zagg_item *item, zagg_err *err)
{
    source *s = user;
    zagg_words cells;
    if (zg_is_stopped(s->opts->stop))
        return zagg_err_set(err, ZAGG_ECANCELLED, "interrupted");
    s->words.len = 0;
    for (size_t i = 0; i < item->shape.n_parts; i++)
        ZAGG_TRY(cover_part(s, &item->shape.parts[i], err));
    if (s->words.len == 0)
        return ZAGG_OK;
    ZAGG_TRY(zagg_moc_to_order(s->words.data, s->words.len, s->order, 0, &cells, err));
    const zagg_status status = count_words(s, &cells, err);
    zagg_words_free(&cells);
    return status;
}

static zagg_status add_cell(source *s, const zg_bin *bin, zagg_err *err)
{
    char label[96];
    zg_item *item = zg_scene_item(s->scene);
    if (item == NULL)
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory for the cells of a catalog");
    zg_frame_label(&s->frame, s->bins.step, bin->id, label);
    zg_frame_outline(&s->frame, s->bins.step, bin->id, &s->scene->shapes);
    item->key = zg_frame_word(&s->frame, s->bins.step, bin->id);
    item->value = (double)bin->parts;
    return zg_scene_text(s->scene, label, &item->label, err);
}

static zagg_status count_all(source *s, zagg_err *err)
{
    zg_scene *scene = s->scene;
    char size[48];
    scene->items.len = 0;
    scene->see_through = false;
    scene->item_name = "cell";
    scene->value_name = "granules";
    scene->value_kind = ZG_VALUE_COUNT;
    zg_outlines_free(&scene->shapes);
    zg_outlines_init(&scene->shapes);
    s->order = choose_order(s);
    zg_frame_healpix(&s->frame, s->order, ZAGG_LATITUDE_AUTHALIC);
    ZAGG_TRY(each_item(s, count_item, err));
    ZAGG_TRY(zg_bins_finish(&s->bins, err));
    for (size_t i = 0; i < s->bins.bins.len; i++)
        ZAGG_TRY(add_cell(s, ZG_VEC_AT(&s->bins.bins, zg_bin, i), err));
    zg_frame_size(&s->frame, s->bins.step, size);
    return zg_scene_note(scene, err,
                         "HEALPix cells of order %u (%s) are coloured by how many "
                         "footprints meet them",
                         s->order - s->bins.step, size);
}

/* ---- the whole ---- */

static zagg_status add_notes(source *s, zagg_err *err)
{
    zg_scene *scene = s->scene;
    if (s->n == 0)
        ZAGG_TRY(zg_scene_note(scene, err, "the catalog has no items"));
    if (s->empty > 0)
        ZAGG_TRY(
            zg_scene_note(scene, err, "%" PRIu64 " items have no footprint", s->empty));
    if (s->undated > 0 && !s->by_count)
        ZAGG_TRY(zg_scene_note(scene, err, "%" PRIu64 " items have no time", s->undated));
    if (s->bad > 0)
        ZAGG_TRY(zg_scene_note(scene, err,
                               "%" PRIu64 " parts of footprints enclose no "
                               "area and were not counted",
                               s->bad));
    return ZAGG_OK;
}

static zagg_status gather(source *s, zagg_err *err)
{
    zg_scene *scene = s->scene;
    const char *asked = s->opts->field;
    scene->item_name = "granule";
    scene->value_name = "date";
    scene->value_kind = ZG_VALUE_DATE;
    scene->see_through = true;
    ZAGG_TRY(zg_scene_text(scene, zg_href_basename(s->path), &scene->title, err));
    ZAGG_TRY(each_item(s, first_look, err));
    ZAGG_TRY(zg_scene_fact(scene, err, "Granules", "%" PRIu64, s->n));
    if (s->first[0] != '\0')
        ZAGG_TRY(zg_scene_fact(scene, err, "Period", "%s to %s", s->first, s->last));
    if (s->full && asked != NULL)
        ZAGG_TRY(zg_scene_note(scene, err,
                               "only the first %zu of %" PRIu64
                               " footprints are drawn; --field count shows all",
                               scene->items.len, s->n));
    if (s->full && asked == NULL) {
        ZAGG_TRY(zg_scene_note(scene, err,
                               "%" PRIu64 " footprints are too many for a page", s->n));
        s->by_count = true;
    }
    if (s->by_count && s->boxed)
        ZAGG_TRY(count_all(s, err));
    ZAGG_TRY(add_notes(s, err));
    return zg_scene_finish(scene, s->opts, err);
}

zagg_status zg_view_catalog(const char *path, const zg_view_opts *opts, zg_scene **out,
                            zagg_err *err)
{
    source s = {.path = path, .opts = opts};
    s.by_count = opts->field != NULL && strcmp(opts->field, "count") == 0;
    if (opts->field != NULL && !s.by_count && strcmp(opts->field, "date") != 0)
        return zagg_err_set(err, ZAGG_EARG,
                            "--field %s: a catalog is coloured by date or count",
                            opts->field);
    ZAGG_TRY(zg_scene_new("catalog", &s.scene, err));
    zg_bins_init(&s.bins, &s.frame, ZG_VIEW_MAX_ITEMS);
    zg_vec_init(&s.words, sizeof(uint64_t), 0);
    const zagg_status status = gather(&s, err);
    zg_bins_free(&s.bins);
    zg_vec_free(&s.words);
    if (status == ZAGG_OK)
        *out = s.scene;
    else
        zg_scene_free(s.scene);
    return status;
}
