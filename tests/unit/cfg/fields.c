/* Keys of fields: what they become, and what faulty ones are told. */
#include "cfg_test.h"

#include <math.h>
#include <string.h>

#define CLOCK "  time_source: {field: s, epoch: '2018-01-01T00:00:00', units: days}\n"
/* Field x, in line 5. */
#define FIELD(keys) SOURCE "aggregation: {variables: {x: {" keys "}}}\n" OUTPUT
#define DIGEST                                                                           \
    "kind: ragged, inner_shape: 2, function: zagg.stats.tdigest.build_tdigest, source: " \
    "h"
#define AT "t.yaml:5: aggregation.variables.x"

static const zagg_param *arg(const zagg_field *f, const char *name)
{
    for (size_t i = 0; i < f->n_args; i++)
        if (strcmp(f->args[i].name, name) == 0)
            return &f->args[i];
    fail_msg("no argument %s", name);
    return NULL;
}

static void test_params(void **state)
{
    (void)state;
    zagg_pipeline *p =
        must_load(SOURCE "aggregation:\n"
                         "  chunk_precompute: {lo: {expression: np.min(h)}}\n"
                         "  variables:\n"
                         "    x:\n"
                         "      function: quantile\n"
                         "      source: h\n"
                         "      params:\n"
                         "        q: 0.5\n"
                         "        method: hazen\n"
                         "        weights: s\n"
                         "        low: lo\n"
                         "        cell: leaf_id\n"
                         "        text: ' -Inf '\n"
                         "        digits: '1_0.5'\n"
                         "        scaled: 1.0 / s**2\n"
                         "        list: [1, 2]\n" OUTPUT);
    const zagg_field *f = p->fields;
    assert_int_equal(f->n_args, 9);
    assert_int_equal(f->stats, ZAGG_STATS_NONE);
    assert_int_equal(arg(f, "q")->kind, ZAGG_PARAM_VALUE);
    assert_null(arg(f, "q")->text);
    assert_true(arg(f, "q")->value->u.f == 0.5);
    assert_int_equal(arg(f, "method")->kind, ZAGG_PARAM_METHOD);
    assert_int_equal(arg(f, "method")->line, 13);
    assert_int_equal(arg(f, "weights")->kind, ZAGG_PARAM_NAME);
    assert_string_equal(arg(f, "weights")->text, "s");
    assert_int_equal(arg(f, "low")->kind, ZAGG_PARAM_NAME);
    assert_int_equal(arg(f, "cell")->kind, ZAGG_PARAM_NAME);
    assert_int_equal(arg(f, "text")->kind, ZAGG_PARAM_NUMBER);
    assert_true(isinf(arg(f, "text")->number) && arg(f, "text")->number < 0);
    assert_true(arg(f, "digits")->number == 10.5);
    assert_int_equal(arg(f, "scaled")->kind, ZAGG_PARAM_EXPRESSION);
    assert_int_equal(arg(f, "list")->kind, ZAGG_PARAM_VALUE);
    zagg_pipeline_free(p);
    must_refuse(FIELD("function: quantile, source: h, params: {q: 1, method: middle}"),
                AT ".params.method: found 'middle'; must be a number, a column, or an "
                   "expression that uses one");
}

/* leaf_id is a name of expressions and of chunk_precompute, not of filters, and no
 * source.
 */
static void test_leaf_id(void **state)
{
    (void)state;
    zagg_pipeline *p = must_load(
        SOURCE "aggregation:\n"
               "  chunk_precompute: {first: {expression: np.min(leaf_id)}}\n"
               "  variables: {x: {expression: np.max(leaf_id) - first, dtype: uint64,\n"
               "    fill_value: 0}}\n" OUTPUT);
    assert_int_equal(p->n_precompute, 1);
    zagg_pipeline_free(p);
    must_refuse(SOURCE "  filters: [{expression: leaf_id > 1}]\n" FIELDS OUTPUT,
                "t.yaml:5: data_source.filters[0].expression: 'leaf_id' is neither a "
                "column nor a name that zagg knows");
    must_refuse(FIELD("function: min, source: leaf_id"),
                AT ".source: found 'leaf_id'; must be a column of data_source.variables "
                   "or of a level");
    must_refuse(FIELD("expression: np.max(toc_word)"),
                AT ".expression: 'toc_word' is neither a column nor a name that zagg "
                   "knows");
}

static void test_digests(void **state)
{
    (void)state;
    zagg_pipeline *p = must_load(
        SOURCE
        "aggregation:\n"
        "  variables:\n"
        "    a: {" DIGEST ", location: leaf_id,\n"
        "        temporal: per-centroid, weights: counts, overview_delta: 64}\n"
        "    b: {kind: ragged, inner_shape: [2], source: h, weights: flux,\n"
        "        function: zagg.stats.waveform.build_waveform_digest,\n"
        "        attrs: {gain: {name: unit, version: v1, value: 2.0}}}\n"
        "    c: {kind: ragged, inner_shape: 2, source: h, params: {where: s > 1},\n"
        "        function: zagg.stats.tdigest.build_tdigest_where}\n"
        "    d: {function: zagg.stats.toc.cell_envelope, source: toc_word,\n"
        "        temporal: per-cell, dtype: uint64, fill_value: 0}\n"
        "    e: {function: zagg.stats.waveform.shot_count, source: h,\n"
        "        dtype: int32, fill_value: 0}\n" OUTPUT CLOCK);
    const zagg_field *f = p->fields;
    assert_int_equal(f[0].stats, ZAGG_STATS_TDIGEST);
    assert_string_equal(f[0].location, "leaf_id");
    assert_int_equal(f[0].temporal, ZAGG_TEMPORAL_PER_CENTROID);
    assert_int_equal(f[0].weights, ZAGG_WEIGHTS_COUNTS);
    assert_int_equal(f[0].overview_delta, 64);
    assert_null(f[0].gain);
    assert_int_equal(f[1].stats, ZAGG_STATS_WAVEFORM_DIGEST);
    assert_int_equal(f[1].weights, ZAGG_WEIGHTS_FLUX);
    assert_true(zagg_value_is(zagg_value_get(f[1].gain, "name"), "unit"));
    assert_null(f[1].location);
    assert_int_equal(f[1].overview_delta, 0);
    assert_int_equal(f[2].stats, ZAGG_STATS_TDIGEST_WHERE);
    assert_int_equal(f[2].weights, ZAGG_WEIGHTS_ABSENT);
    assert_int_equal(arg(&f[2], "where")->kind, ZAGG_PARAM_EXPRESSION);
    assert_int_equal(f[3].temporal, ZAGG_TEMPORAL_PER_CELL);
    assert_int_equal(f[4].stats, ZAGG_STATS_SHOT_COUNT);
    const zagg_time_source *t = &p->output.time_source;
    assert_true(t->present && t->scale == ZAGG_SCALE_GPS && t->line == 21);
    assert_string_equal(t->field, "s");
    assert_string_equal(t->epoch, "2018-01-01T00:00:00");
    assert_string_equal(t->units, "days");
    zagg_pipeline_free(p);
}

static void test_location(void **state)
{
    (void)state;
    must_refuse(FIELD("function: min, source: h, location: leaf_id"),
                AT ".location: only a field of kind ragged has it; this one is scalar");
    must_refuse(FIELD(DIGEST ", location: 3"),
                AT ".location: found 3; must be leaf_id or a column");
    must_refuse(FIELD(DIGEST ", location: nope"),
                AT ".location: found 'nope'; must be leaf_id or a column of "
                   "data_source.variables");
    must_refuse(FIELD(DIGEST ", location: leaf_id, resolution: chunk"),
                AT ".location: needs resolution: cell");
    must_refuse(FIELD(DIGEST ", location: leaf_id, params: {locations: h}"),
                AT ".params.locations: filled by location; remove it");
    must_refuse(
        FIELD("kind: ragged, inner_shape: 2, expression: np.sort(h), location: leaf_id"),
        AT ".location: needs a function; an expression cannot carry words along");
    must_refuse(
        FIELD("kind: ragged, inner_shape: 2, function: sort, source: h, location: s"),
        AT ".location: sort carries no locations along; a function of "
           "zagg.stats.tdigest does");
    must_refuse(FIELD("kind: ragged, inner_shape: 2, source: h, location: s, function: "
                      "zagg.stats.waveform.build_waveform_digest"),
                AT ".location: zagg.stats.waveform.build_waveform_digest carries no "
                   "locations along; a function of zagg.stats.tdigest does");
    must_refuse(FIELD(DIGEST ", location: s}, x_locations: {function: min, source: h"),
                AT ".location: its words go into an array 'x_locations', which is "
                   "declared too; rename one");
    must_refuse(SOURCE
                "aggregation: {coordinates: {x_locations: {}}, variables: {x: {" DIGEST
                ", location: s}}}\n" OUTPUT,
                AT ".location: its words go into an array 'x_locations', which is "
                   "declared too; rename one");
    must_refuse(SOURCE "aggregation: {variables: {x: {" DIGEST ", location: s}}}\n"
                       "output: {grid: {type: rectilinear, crs: 'EPSG:4326',\n"
                       "  resolution: 1, bounds: [0, 0, 1, 1]}}\n",
                AT ".location: needs a healpix grid; remove it");
}

static void test_temporal(void **state)
{
    (void)state;
    static const char no_clock[] =
        ": needs the clock of the observations; write output.time_source: {field, epoch, "
        "scale, units}";
    char text[256];
    (void)snprintf(text, sizeof text, AT ".temporal%s", no_clock);
    must_refuse(FIELD(DIGEST ", temporal: per-centroid"), text);
    must_refuse(FIELD(DIGEST ", temporal: yearly") CLOCK,
                AT ".temporal: found 'yearly'; must be per-cell or per-centroid");
    must_refuse(FIELD(DIGEST ", temporal: coordinate") CLOCK,
                AT ".temporal: a time axis is no field's; per-cell or per-centroid words "
                   "are");
    must_refuse(FIELD(DIGEST ", temporal: per-cell") CLOCK,
                AT ".temporal: per-cell words are a scalar field; this one is ragged");
    must_refuse(FIELD("function: min, source: h, temporal: per-centroid") CLOCK,
                AT ".temporal: per-centroid words go beside a ragged field; this one is "
                   "scalar");
    must_refuse(FIELD("function: min, source: h, temporal: per-cell") CLOCK,
                AT ".dtype: missing; must be uint64, as the field holds time words");
    must_refuse(FIELD("function: min, source: h, temporal: per-cell, dtype: uint64")
                    CLOCK,
                AT ".fill_value: missing; must be 0, which marks cells without "
                   "observations");
    must_refuse(FIELD("function: min, source: h, temporal: per-cell, dtype: uint64, "
                      "fill_value: false") CLOCK,
                AT ".fill_value: found false; must be 0, which marks cells without "
                   "observations");
    must_refuse(FIELD("function: min, source: h, temporal: per-cell, dtype: uint64, "
                      "fill_value: 0") CLOCK,
                AT ".temporal: this field's function makes no time words; those of "
                   "zagg.stats.tdigest, build_waveform_digest and cell_envelope do");
    must_refuse(FIELD("kind: ragged, inner_shape: 1, expression: np.sort(h), temporal: "
                      "per-centroid") CLOCK,
                AT ".temporal: this field's function makes no time words; those of "
                   "zagg.stats.tdigest, build_waveform_digest and cell_envelope do");
    must_refuse(FIELD("kind: ragged, inner_shape: 1, source: h, temporal: per-centroid, "
                      "function: zagg.stats.toc.cell_envelope") CLOCK,
                AT ".temporal: found 'per-centroid'; must be per-cell with this "
                   "function");
    must_refuse(FIELD(DIGEST ", temporal: per-centroid, resolution: chunk") CLOCK,
                AT ".temporal: needs resolution: cell");
    must_refuse(FIELD(DIGEST ", temporal: per-centroid, params: {temporal: h}") CLOCK,
                AT ".params.temporal: filled by temporal; remove it");
    must_refuse(FIELD(DIGEST ", temporal: per-centroid}, x_times: {function: min, "
                             "source: h") CLOCK,
                AT ".temporal: its words go into an array 'x_times', which is declared "
                   "too; rename one");
}

static void test_weights(void **state)
{
    (void)state;
    must_refuse(FIELD("function: min, source: h, weights: counts"),
                AT ".weights: only a field of kind ragged has it; this one is scalar");
    must_refuse(FIELD("kind: vector, trailing_shape: 2, function: sort, source: h, "
                      "overview_delta: null"),
                AT ".overview_delta: only a field of kind ragged has it; this one is "
                   "vector");
    must_refuse(FIELD(DIGEST ", weights: mass"),
                AT ".weights: found 'mass'; must be counts or flux");
    must_refuse(FIELD(DIGEST ", weights: flux"),
                AT ".attrs.gain: missing; must be a mapping with name and version, as "
                   "weights: flux says that weights are calibrated");
    must_refuse(FIELD(DIGEST ", weights: flux, attrs: {gain: {name: unit}}"),
                AT ".attrs.gain: found a mapping; must be a mapping with name and "
                   "version, as weights: flux says that weights are calibrated");
    must_refuse(FIELD(DIGEST ", overview_delta: 0"),
                AT ".overview_delta: found 0; must be an integer of at least 1");
    must_refuse(FIELD(DIGEST ", overview_delta: true"),
                AT ".overview_delta: found true; must be an integer of at least 1");
}

static void test_attrs(void **state)
{
    (void)state;
    must_refuse(FIELD("function: min, source: h, attrs: [1]"),
                AT ".attrs: found [1]; must be a mapping of attribute name to value");
    must_refuse(FIELD("function: min, source: h, attrs: {located: 1}"),
                AT ".attrs.located: this attribute is written by zagg itself; remove it");
    must_refuse(FIELD(DIGEST ", attrs: {weights: flux}"),
                AT ".attrs.weights: this attribute is written by zagg itself; write "
                   "weights as a key of the field");
    must_refuse(FIELD("function: min, source: h, attrs: {made: {on: [2020-01-01]}}"),
                AT ".attrs.made.true[0]: found a date; quote it, as attributes are "
                   "stored as JSON");
    zagg_pipeline_free(must_load(
        FIELD("function: min, source: h, attrs: {weights: flux, 'a b': null}")));
}

#define WORDS "function: zagg.stats.composition.pack_composition, source: h, "
#define SIGNAL "}, y: {" DIGEST

static void test_composition(void **state)
{
    (void)state;
    zagg_pipeline *p =
        must_load(FIELD(WORDS "dtype: uint64, fill_value: 0, params: {threshold: 2},\n"
                              "attrs: {composition: {of: y, threshold: 2.0}}" SIGNAL));
    assert_true(zagg_value_is(zagg_value_get(p->fields[0].composition, "of"), "y"));
    assert_int_equal(p->fields[0].stats, ZAGG_STATS_COMPOSITION);
    assert_null(p->fields[1].composition);
    zagg_pipeline_free(p);
    must_refuse(FIELD(WORDS "fill_value: 0, attrs: {composition: {spec: mine/1}}"),
                AT ".attrs.composition.spec: found 'mine/1'; must be zagg-composition/1 "
                   "(zagg writes it; it may be left out)");
    must_refuse(FIELD(WORDS "fill_value: 0, attrs: {composition: {lanes: [ocean, land, "
                            "sea_ice, land_ice, inland_water, low, med, high]}}"),
                AT ".attrs.composition.lanes: found a list of 8; must be [land, ocean, "
                   "sea_ice, land_ice, inland_water, low, med, high] (zagg writes them; "
                   "they may be left out)");
    must_refuse(FIELD(WORDS "attrs: {composition: {of: y}}" SIGNAL),
                AT ".fill_value: missing; must be 0, as a lane above 0 means that there "
                   "is such a row");
    static const char *const of[] = {"x", "z", "n"};
    for (size_t i = 0; i < 3; i++) {
        char text[1024];
        char message[512];
        (void)snprintf(text, sizeof text,
                       FIELD(WORDS "fill_value: 0, attrs: {composition: {of: %s}}}, n: "
                                   "{function: len, source: h"),
                       of[i]);
        (void)snprintf(message, sizeof message,
                       AT ".attrs.composition.of: found '%s'; must be another field of "
                          "kind ragged: the digest whose weight the lanes are shares of",
                       of[i]);
        must_refuse(text, message);
    }
    must_refuse(FIELD(WORDS "fill_value: 0, params: {threshold: 3}, attrs: {composition: "
                            "{threshold: 2}}"),
                AT ".attrs.composition.threshold: differs from params.threshold, which "
                   "the words are packed at");
}

#define CLOCKED(block) SOURCE FIELDS OUTPUT block
#define WINDOWS                                                                          \
    "  windowing: {schedule: yearly, time_field: s, epoch: 2018-01-01, scale: tai,\n"    \
    "    units: days}\n"

static void test_clock(void **state)
{
    (void)state;
    zagg_pipeline *p = must_load(CLOCKED(WINDOWS));
    const zagg_time_source *t = &p->output.time_source;
    assert_true(t->present && t->scale == ZAGG_SCALE_TAI);
    assert_string_equal(t->field, "s");
    assert_string_equal(t->units, "days");
    zagg_pipeline_free(p);
    static const char *const none[] = {
        "", "  time_source: null\n", "  windowing: {schedule: none}\n",
        "  windowing: {schedule: yearly, time_field: s, epoch: '2018-01-01'}\n",
        "  windowing: {schedule: yearly, scale: gps}\n"};
    for (size_t i = 0; i < 5; i++) {
        char text[1024];
        (void)snprintf(text, sizeof text, "%s%s", CLOCKED(""), none[i]);
        p = must_load(text);
        assert_false(p->output.time_source.present);
        zagg_pipeline_free(p);
    }
    zagg_pipeline_free(must_load(CLOCKED(WINDOWS "  time_source: {field: s, scale: tai,\n"
                                                 "    epoch: '2018-01-01T00:00:00Z', "
                                                 "units: days}\n")));
    must_refuse(CLOCKED(WINDOWS "  time_source: {field: s, epoch: 2018-01-01,\n"
                                "    units: days, scale: gps}\n"),
                "t.yaml:14: output.time_source.scale: output.windowing tells another "
                "scale; make them agree, or remove time_source (windowing then is the "
                "clock)");
    must_refuse(CLOCKED(WINDOWS "  time_source: {field: s, epoch: 2018-01-02,\n"
                                "    units: days, scale: tai}\n"),
                "t.yaml:13: output.time_source.epoch: output.windowing tells another "
                "epoch; make them agree, or remove time_source (windowing then is the "
                "clock)");
}

static void test_clock_faults(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"7", ": found 7; must be a mapping of field, epoch, scale and units"},
        {"{field: s, epok: 1}",
         ".epok: this key is not read here; allowed: field, epoch, scale, units"},
        {"{epoch: 2018-01-01}",
         ".field: missing; must be the column that tells the time of each row"},
        {"{field: toc_word, epoch: 2018-01-01}",
         ".field: toc_word is made from the clock; name the column that the granules "
         "hold"},
        {"{field: nope, epoch: 2018-01-01}",
         ".field: found 'nope'; must be a column of data_source.variables or of a level"},
        {"{field: s}",
         ".epoch: missing; must be a UTC instant such as '2018-01-01T00:00:00'"},
        {"{field: s, epoch: yesterday}",
         ".epoch: found 'yesterday'; must be a UTC instant such as "
         "'2018-01-01T00:00:00'"},
        {"{field: s, epoch: 2018-01-01, scale: utc}",
         ".scale: found 'utc'; must be gps or tai (UTC is not continuous)"},
        {"{field: s, epoch: 2018-01-01, units: hours}",
         ".units: found 'hours'; must be seconds or days"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[1024];
        char message[512];
        (void)snprintf(text, sizeof text, "%s  time_source: %s\n", CLOCKED(""),
                       cases[i][0]);
        (void)snprintf(message, sizeof message, "t.yaml:11: output.time_source%s",
                       cases[i][1]);
        must_refuse(text, message);
    }
    must_refuse(CLOCKED("  windowing: {schedule: yearly, time_field: z, scale: gps,\n"
                        "    epoch: 2018-01-01}\n"),
                "t.yaml:11: output.windowing.time_field: found 'z'; must be a column of "
                "data_source.variables");
    must_refuse(CLOCKED("  time_encoding: toc\n"),
                "t.yaml:11: output.time_encoding: found 'toc', which is for the raster "
                "reader: stores of points have no time axis; remove it");
    must_refuse(CLOCKED("  time_encoding: legacy\n"),
                "t.yaml:11: output.time_encoding: found 'legacy'; must be microseconds "
                "(or toc, with the raster reader)");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_params),   cmocka_unit_test(test_leaf_id),
        cmocka_unit_test(test_digests),  cmocka_unit_test(test_location),
        cmocka_unit_test(test_temporal), cmocka_unit_test(test_weights),
        cmocka_unit_test(test_attrs),    cmocka_unit_test(test_composition),
        cmocka_unit_test(test_clock),    cmocka_unit_test(test_clock_faults),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
