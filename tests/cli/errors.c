/* Every wrong command line, config, shard map, granule name and store of `zagg` ends in
 * one line that says what is wrong, and in its exit code. */
#include "cli/fixture.h"

#include <inttypes.h>
#include <stdio.h>

#define RUN "zagg run --config c.yaml --granules g --store o "
#define HEALPIX_SIGNATURE(parent, child)                                                 \
    "{\"type\": \"healpix\", \"indexing_scheme\": \"nested\", \"parent_order\": " parent \
    ", \"child_order\": " child ", \"layout\": \"fullsphere\"}"

static const cli_case USAGE[] = {
    {"no command", "zagg", 2, NULL, "Usage: zagg COMMAND [OPTIONS]\n*"},
    {"unknown command", "zagg nope", 2, NULL,
     "zagg: nope: unknown command; zagg --help lists them\n"},
    {"unknown option", "zagg run --nope", 2, NULL,
     "zagg run: --nope: unknown option; see zagg run --help\n"},
    {"unknown letter", "zagg run -x", 2, NULL,
     "zagg run: -x: unknown option; see zagg run --help\n"},
    {"option without value", "zagg run --store", 2, NULL,
     "zagg run: --store: needs a value; see zagg run --help\n"},
    {"stray argument", "zagg run c.yaml", 2, NULL,
     "zagg run: c.yaml: unexpected argument; granules go behind --granules\n"},
    {"no config", "zagg run --granules g --store o", 2, NULL,
     "zagg run: --config FILE is needed; `zagg config list` shows templates to start "
     "from\n"},
    {"two sources of shards", RUN "--catalog m.json", 2, NULL,
     "zagg run: give --catalog or --granules, not both\n"},
    {"a table of what is elsewhere", RUN "--table --backend exec", 2, NULL,
     "zagg run: --table goes with --backend local; `zagg inspect` reads any store\n"},
    {"two forms of output", RUN "--json --table", 2, NULL,
     "zagg run: give --json or --table, not both\n"},
    {"no cells", RUN "--max-cells 0", 2, NULL,
     "zagg run: --max-cells: found '0'; must be a whole number from 1 to "
     "9223372036854775807\n"},
    {"fewer cells", RUN "--max-cells -1", 2, NULL,
     "zagg run: --max-cells: found '-1'; must be a whole number from 1 to "
     "9223372036854775807\n"},
    {"cells in words", RUN "--max-cells 3x", 2, NULL,
     "zagg run: --max-cells: found '3x'; must be*"},
    {"cells beyond 64 bits", RUN "--max-cells 99999999999999999999", 2, NULL,
     "zagg run: --max-cells: found '99999999999999999999'; must be*"},
    {"no workers", RUN "--max-workers 0", 2, NULL,
     "zagg run: --max-workers: found '0'; must be a whole number from 1 to 4096\n"},
    {"backend", RUN "--backend dask", 2, NULL,
     "zagg run: --backend: found 'dask'; must be local, lambda, exec or slurm\n"},
    {"events without exec", RUN "--events e", 2, NULL,
     "zagg run: --events goes with --backend exec\n"},
    {"transport of commands", RUN "--backend exec --transport sync", 2, NULL,
     "zagg run: --transport goes with --backend lambda\n"},
    {"cost of this machine", RUN "--max-cost 3", 2, NULL,
     "zagg run: --max-cost goes with --backend lambda\n"},
    {"command of Lambda", RUN "--backend lambda --command true", 2, NULL,
     "zagg run: --command goes with --backend exec or slurm\n"},
    {"time of a function", RUN "--backend lambda --timeout 9", 2, NULL,
     "zagg run: --timeout goes with --backend exec or slurm\n"},
    {"partition of commands", RUN "--partition p --backend exec", 2, NULL,
     "zagg run: --partition goes with --backend slurm\n"},
    {"sbatch of commands", RUN "--backend exec --sbatch-options=--mem=2G", 2, NULL,
     "zagg run: --sbatch-options goes with --backend slurm\n"},
    {"folder of jobs here", RUN "--job-dir j", 2, NULL,
     "zagg run: --job-dir goes with --backend slurm\n"},
    {"retries here", RUN "--max-retries 2", 2, NULL,
     "zagg run: --max-retries goes with --backend lambda, exec or slurm\n"},
    {"memory elsewhere", RUN "--backend slurm --memory 2G", 2, NULL,
     "zagg run: --memory goes with --backend local\n"},
    {"upstream's options go with any backend",
     RUN "--backend exec --function-name f --region r --yes --profile --morton-cell -123",
     2, NULL, "*error: shard '-123' not in catalog (granules)\n"},
    {"cost", RUN "--max-cost free", 2, NULL,
     "zagg run: --max-cost: found 'free'; must be a number of dollars above 0\n"},
    {"driver", RUN "--driver ftp", 2, NULL,
     "zagg run: --driver: found 'ftp'; must be file, s3 or https\n"},
    {"handoff", RUN "--handoff polars", 2, NULL,
     "zagg run: --handoff: found 'polars'; must be 'pandas' or 'arrow'\n"},
    {"latitude", RUN "--latitude north", 2, NULL,
     "zagg run: --latitude: found 'north'; must be authalic or geodetic\n"},
    {"no such shard", RUN "--morton-cell -123", 2, NULL,
     "error: shard '-123' not in catalog (granules)\n"},
    {"no such shard of a map",
     "zagg run --config c.yaml --catalog m.json --store o --morton-cell 7", 2, NULL,
     "error: shard '7' not in catalog (m.json)\n"},
    {"config without action", "zagg config", 2, NULL,
     "zagg config: write `zagg config list` or `zagg config show NAME`\n"},
    {"config that is not built in", "zagg config show nope", 1, NULL,
     "zagg config: nope: no such built-in config; there are atl03*\n"},
    {"config that 0.11 did not have",
     "zagg config show atl06_nullable --compat zagg-0.11", 1, NULL,
     "zagg config: atl06_nullable: no such built-in config in zagg 0.11; there are "
     "atl03, atl03_gain_bias_healpix, atl03_tdigest_healpix, atl03_waveform_chunk, "
     "atl03_waveform_counts, atl06, atl06_polar\n"},
    {"config of another version", "zagg config list --compat 0.12", 2, NULL,
     "zagg config: --compat: 0.12: must be zagg-0.11\n"},
    {"version of something", "zagg version x", 2, NULL,
     "zagg version: x: unexpected argument\n"},
    {"output that is full", "zagg config list > /dev/full", 1, NULL,
     "zagg: cannot write to standard output: No space left on device\n"},
    {"result that is full", RUN "-q --json > /dev/full", 1, NULL,
     "zagg: cannot write to standard output: No space left on device\n"},
};

static const cli_case FILES[] = {
    {"missing config", "zagg run --config nope.yaml --granules g --store o", 1, NULL,
     "error: nope.yaml: cannot open the config: No such file or directory\n"},
    {"folder as config", "zagg run --config g --granules g --store o", 1, NULL,
     "error: g: cannot read the config: Is a directory\n"},
    {"granule as config", "zagg run --config g/a.h5 --granules g --store o", 3, NULL,
     "error: g/a.h5:*\n"},
    {"no shards", "zagg run --config c.yaml --store o", 3, NULL,
     "error: No catalog specified (pass --catalog or --granules, or set catalog: in "
     "config)\n"},
    {"no store", "zagg run --config c.yaml --granules g", 3, NULL,
     "error: No store path specified (pass --store or set output.store: in config)\n"},
    {"missing catalog", "zagg run --config c.yaml --catalog nope.json --store o", 1, NULL,
     "error: shard map: cannot open nope.json: No such file or directory\n"},
    {"folder as catalog", "zagg run --config c.yaml --catalog g --store o", 1, NULL,
     "error: shard map: g is a directory, not a file\n"},
    {"config as catalog", "zagg run --config c.yaml --catalog c.yaml --store o", 3, NULL,
     "error: c.yaml: line 1, *\n"},
    {"JSON that is no catalog",
     "echo '{}' > empty.json; zagg run --config c.yaml --catalog empty.json --store o", 3,
     NULL, "error: empty.json is not a shard map: *(shard_keys is missing)\n"},
    {"missing granule", "zagg run --config c.yaml --granules nope.h5 --store o", 1, NULL,
     "error: --granules nope.h5: No such file or directory\n"},
    {"pattern without granule", "zagg run --config c.yaml --granules 'x*.h5' --store o",
     1, NULL, "error: --granules x*.h5: nothing matches\n"},
    {"folder without granule",
     "mkdir -p none; zagg run --config c.yaml --granules none --store o", 1, NULL,
     "error: --granules none: no granule (*.h5) in there\n"},
    {"granule that is not HDF5", "zagg run --config c.yaml --granules c.yaml --store o",
     1, NULL, "error: c.yaml: not an HDF5 file\n"},
    {"empty granule",
     ": > empty.h5; zagg run --config c.yaml --granules empty.h5 --store o", 1, NULL,
     "error: empty.h5: not an HDF5 file\n"},
    {"store below a file", RUN "--store c.yaml/o -q", 1, NULL,
     "error: store c.yaml/o: cannot open c.yaml/o: Not a directory\n"},
    {"file as store", RUN "--store c.yaml -q", 1, NULL,
     "error: store c.yaml: c.yaml is not a directory\n"},
    {"unwritable store", RUN "--store /proc/zagg -q", 1, NULL, "error: *proc/zagg*\n"},
    {"store without a name", RUN "--store '' -q", 3, NULL,
     "error: store: the path must not be empty\n"},
    {"bucket of no name", RUN "--store s3://B_/o", 3, NULL,
     "*'B_' is no bucket's name: 3 to 255 letters, digits, '.', '-' and '_'\n"},
    {"store behind another scheme", RUN "--store ftp://host/o", 3, NULL,
     "error: ftp://host/o: *"},
    {"store of another config",
     "sed s/int32/int64/ c.yaml > wide.yaml; " RUN
     "-q --store w > /dev/null; zagg run -q --config wide.yaml --granules g --store w",
     1, NULL,
     "error: store w: group 16 is there with another template: count: data_type (there: "
     "\"int32\", asked: \"int64\"); --overwrite replaces the group\n"},
};

static const cli_case CONFIGS[] = {
    {"hive over a flat store",
     "sed /store_layout/d c.yaml > hive.yaml; " RUN "-q --store o > /dev/null; "
     "zagg run -q --config hive.yaml --granules g --store o",
     1, NULL,
     "error: store o: there is a flat store already (zarr.json); name another place, or "
     "write `store_layout: flat` under output\n"},
    {"flat over a hive",
     "sed /store_layout/d c.yaml > hive.yaml; zagg run -q --config hive.yaml --granules "
     "g "
     "--store h > /dev/null; " RUN "-q --store h",
     1, NULL,
     "error: store h: there is a hive already (morton_hive.json); name another place for "
     "a flat store\n"},
    {"hive of another config",
     "sed '/store_layout/d; s/int32/int64/' c.yaml > wide.yaml; "
     "sed /store_layout/d c.yaml > hive.yaml; zagg run -q --config hive.yaml --granules "
     "g "
     "--store v > /dev/null; zagg run -q --config wide.yaml --granules g --store v",
     1, NULL,
     "error: store v: its morton_hive.json is another config's (semantic_hash: there "
     "\"*\", this run \"*\"); name another store, or remove this one\n"},
    {"hive of another config, --overwrite",
     "sed '/store_layout/d; s/int32/int64/' c.yaml > wide.yaml; "
     "sed /store_layout/d c.yaml > hive.yaml; zagg run -q --config hive.yaml --granules "
     "g "
     "--store u > /dev/null; zagg run -q --config wide.yaml --granules g --store u "
     "--overwrite",
     1, NULL,
     "error: store u: its morton_hive.json is another config's (semantic_hash: *); "
     "--overwrite replaces the manifest only, and there are leaves already: remove the "
     "store first\n"},
    {"expression that ends early",
     "sed 's/{function: mean,/{expression: \"np.mean(h_ph) +\",/' c.yaml > expr.yaml; "
     "zagg run --config expr.yaml --granules g --store o",
     3, NULL, "error: expr.yaml:33: aggregation.variables.h_mean*np.mean(h_ph) +*\n"},
    {"time windows",
     "sed 's/^output:/&\\n  windowing: {schedule: yearly}/' c.yaml > windows.yaml; "
     "zagg run --config windows.yaml --granules g --store o",
     3, NULL,
     "error: windows.yaml:*: output.windowing: this version does not do it (time windows "
     "of a hive store); remove the key\n"},
    {"unknown function",
     "sed 's/function: mean/function: meen/' c.yaml > bad.yaml; "
     "zagg run --config bad.yaml --granules g --store o",
     3, NULL, "error: bad.yaml:33: aggregation.variables.h_mean*meen*\n"},
    {"CRS that nobody knows",
     "sed '/^output:/,$d' c.yaml > rect.yaml; "
     "printf 'output:\\n  grid: {type: rectilinear, crs: EPSG:99999, resolution: 1, "
     "bounds: [0, 0, 512, 512]}\\n' >> rect.yaml; "
     "zagg run --config rect.yaml --granules g --store o",
     3, NULL, "error: rect.yaml:*: output.grid.crs: 'EPSG:99999' names no *\n"},
    {"CRS without PROJ's database",
     "sed '/^output:/,$d' c.yaml > rect.yaml; mkdir -p empty; "
     "printf 'output:\\n  grid: {type: rectilinear, crs: EPSG:2193, resolution: 1, "
     "bounds: [0, 0, 512, 512]}\\n' >> rect.yaml; "
     "HOME=$PWD PROJ_DATA=$PWD/empty PROJ_DEBUG=3 "
     "zagg run --config rect.yaml --granules g --store o",
     3, NULL,
     "error: rect.yaml:*: output.grid.crs: 'EPSG:2193' cannot be read without *\n"},
    {"CRS that names a file",
     "sed '/^output:/,$d' c.yaml > rect.yaml; "
     "printf 'output:\\n  grid: {type: rectilinear, crs: \"+init=/etc/passwd:x\", "
     "resolution: 1, bounds: [0, 0, 512, 512]}\\n' >> rect.yaml; "
     "zagg run --config rect.yaml --granules g --store o",
     3, NULL,
     "error: rect.yaml:*: output.grid.crs: '+init=/etc/passwd:x' asks for a *\n"},
    {"no YAML",
     "printf 'a: [b\\n' > bad.yaml; zagg run --config bad.yaml --granules g --store o", 3,
     NULL, "error: bad.yaml:*\n"},
};

static void usage(void **state)
{
    check_cases(*state, "usage", USAGE, sizeof USAGE / sizeof USAGE[0]);
}

static void files(void **state)
{
    check_cases(*state, "files", FILES, sizeof FILES / sizeof FILES[0]);
}

static void configs(void **state)
{
    check_cases(*state, "configs", CONFIGS, sizeof CONFIGS / sizeof CONFIGS[0]);
}

/* ---- shard maps ---- */

#define MAPPED(map) "zagg run -q --config c.yaml --store o --catalog " map " "
#define NO_DATA "\nDone: 0 cells with data, 0 obs, 0 errors, *s\nOutput: o\n"
#define SOME_DATA "\nDone: * cells with data, *,* obs, 0 errors, *s\nOutput: o\n"
#define LEGACY                                                                           \
    "error: legacy.json: the shard map comes from a version that used geodetic "         \
    "latitude "                                                                          \
    "(metadata.mortie_order without granules_assigned); add --latitude geodetic, or "    \
    "build the map again\n"

static const cli_case MAPS[] = {
    {"another child order", MAPPED("grid.json"), 3, NULL,
     "error: grid.json: the shard map was made for another grid: child_order is 17 there "
     "and 16 in the config; build the map again for this config\n"},
    {"another kind of grid", MAPPED("rect.json"), 3, NULL,
     "error: rect.json: the shard map was made for another grid: type is \"rectilinear\" "
     "there and \"healpix\" in the config; build the map again for this config\n"},
    {"no signature", "rm -rf o; " MAPPED("unsigned.json"), 0, SOME_DATA, NULL},
    {"authalic map", "rm -rf o; " MAPPED("m.json") "--latitude authalic", 0, SOME_DATA,
     NULL},
    {"authalic map, geodetic asked", MAPPED("m.json") "--latitude geodetic", 3, NULL,
     "error: m.json: the shard map's keys are authalic*--latitude asks for geodetic*\n"},
    {"geodetic map, authalic asked", MAPPED("geodetic.json") "--latitude authalic", 3,
     NULL,
     "error: geodetic.json: the shard map's keys are geodetic*--latitude asks for "
     "authalic*\n"},
    {"geodetic map, config says authalic",
     "sed 's/grid: {/grid: {latitude: authalic, /' c.yaml > authalic.yaml; zagg run -q "
     "--config authalic.yaml --store o --catalog geodetic.json",
     3, NULL, "error: geodetic.json: *output.grid.latitude asks for authalic*\n"},
    {"authalic map, compat asked",
     "sed 's/^output:/&\\n  compat: zagg-0.11/' c.yaml > compat.yaml; zagg run -q "
     "--config compat.yaml --store o --catalog m.json",
     3, NULL, "error: m.json: *output.compat asks for geodetic*\n"},
    {"geodetic map decides", "rm -rf o; " MAPPED("geodetic.json"), 0, NO_DATA, NULL},
    {"legacy map", MAPPED("legacy.json"), 3, NULL, LEGACY},
    {"legacy map, authalic asked", MAPPED("legacy.json") "--latitude authalic", 3, NULL,
     LEGACY},
    {"legacy map, geodetic asked",
     "rm -rf o; " MAPPED("legacy.json") "--latitude geodetic", 0, NO_DATA, NULL},
    {"assigned map is authalic", "rm -rf o; " MAPPED("assigned.json"), 0, SOME_DATA,
     NULL},
    {"map that does not say", "rm -rf o; " MAPPED("silent.json"), 0, SOME_DATA,
     "warn: silent.json: the shard map does not say which latitude its keys were made "
     "with; taking authalic (--latitude decides)\n"},
    {"map that does not say, asked",
     "rm -rf o; " MAPPED("silent.json") "--latitude authalic", 0, SOME_DATA, NULL},
    {"store of another latitude",
     "rm -rf o; " MAPPED("m.json") "> /dev/null; " MAPPED("geodetic.json"), 1, NULL,
     "error: store o: group 16 is there with another template: attributes.dggs.latitude "
     "(there: \"authalic-wgs84\", asked: \"geodetic-spherical\"); --overwrite replaces "
     "the group\n"},
    {"granules in a bucket of no name", "rm -rf o; " MAPPED("remote.json"), 6,
     "*2 errors*", "warn: granule skipped: s3://g/a.h5: 'g' is no bucket's name: *"},
    {"credentials provider that there is not",
     "sed '/driver: s3/a\\  credentials_provider: esa' c.yaml > e.yaml; rm -rf o; "
     "zagg run --config e.yaml --catalog remote.json --store o",
     3, NULL,
     "error: credentials_provider: found 'esa'; must be nsidc, lpdaac, gesdisc, aws or "
     "anonymous\n"},
    {"remote hrefs that are files", "rm -rf o; " MAPPED("remote.json") "--driver file", 0,
     SOME_DATA, NULL},
    {"records without href", "rm -rf o; " MAPPED("bare.json"), 0, NO_DATA, NULL},
    {"empty map", "rm -rf o; " MAPPED("empty.json"), 0, NO_DATA, NULL},
    {"empty map, dry run", MAPPED("empty.json") "--dry-run", 0,
     "\n[DRY RUN] Would process 0 cells\n  Granules per cell: min=0, max=0, avg=0.0\n"
     "  Output: o\n",
     NULL},
    {"hostile key", MAPPED("key.json"), 3, NULL,
     "error: key.json: line 1, byte 36: integer does not fit 64 bits; write it as "
     "text\n"},
    {"key that is no cell", MAPPED("cell.json"), 6, "\nDone: 0 cells*1 errors*\n",
     "error: [1/1] 5: *\n"},
};

static void maps(void **state)
{
    fixture *f = *state;
    fixture none = {.dir = f->dir};
    const char *const token = "{\"latitude\": \"authalic-wgs84\"}";
    write_map(f, "grid.json", (map_parts){.signature = HEALPIX_SIGNATURE("11", "17")});
    write_map(f, "rect.json",
              (map_parts){.signature = "{\"type\": \"rectilinear\", \"crs\": "
                                       "\"EPSG:4326\", \"shape\": [1, 1]}"});
    write_map(f, "unsigned.json", (map_parts){.signature = "null"});
    write_map(f, "geodetic.json",
              (map_parts){.metadata = "{\"latitude\": \"geodetic-spherical\"}"});
    write_map(f, "legacy.json", (map_parts){.metadata = "{\"mortie_order\": 18}"});
    write_map(
        f, "assigned.json",
        (map_parts){.metadata = "{\"granules_assigned\": 2, \"mortie_order\": 18}"});
    write_map(f, "silent.json", (map_parts){.metadata = "{}"});
    write_map(f, "remote.json", (map_parts){.granules = "{\"s3\": \"s3://g/a.h5\"}"});
    write_map(f, "bare.json", (map_parts){.granules = "{\"id\": \"a\"}"});
    write_map(&none, "empty.json", (map_parts){.metadata = token});
    write_text(f->dir, "key.json",
               "{\"shard_keys\": [18446744073709551616], \"granules\": [[]], "
               "\"grid_signature\": null, \"metadata\": {}}");
    write_text(f->dir, "cell.json",
               "{\"shard_keys\": [5], \"granules\": [[{\"s3\": \"g/a.h5\"}]], "
               "\"grid_signature\": null, \"metadata\": {\"granules_assigned\": 1}}");
    check_cases(f, "maps", MAPS, sizeof MAPS / sizeof MAPS[0]);
}

/* ---- maps of a rectilinear grid, with signatures as upstream writes them ---- */

#define ON_DEGREES "rm -rf o; zagg run -q --config rect.yaml --store o "
static const cli_case RECTILINEAR[] = {
    {"map of this grid", ON_DEGREES "--catalog same.json", 0, SOME_DATA, NULL},
    {"map of finer cells", ON_DEGREES "--catalog finer.json", 3, NULL,
     "error: finer.json: the shard map was made for another grid: affine is [0.005, 0.0, "
     "-78.0, 0.0, -0.005, 40.0] there and [0.01, 0.0, -78.0, 0.0, -0.01, 40.0] in the "
     "config; build the map again for this config\n"},
    {"map of a larger grid", ON_DEGREES "--catalog larger.json", 3, NULL,
     "error: larger.json: the shard map was made for another grid: shape is [320, 256] "
     "there and [256, 256] in the config; build the map again for this config\n"},
    {"map of a healpix grid", ON_DEGREES "--catalog m.json", 3, NULL,
     "error: m.json: the shard map was made for another grid: type is \"healpix\" there "
     "and \"rectilinear\" in the config; build the map again for this config\n"},
};

static void write_rectilinear(const fixture *f, const char *name, uint64_t key,
                              const char *cell, unsigned rows)
{
    char text[512];
    (void)snprintf(
        text, sizeof text,
        "{\"shard_keys\": [%" PRIu64 "], \"granules\": [[{\"s3\": \"g/a.h5\"}]], "
        "\"metadata\": {}, \"grid_signature\": {\"type\": \"rectilinear\", "
        "\"crs\": \"EPSG:4326\", \"affine\": [%s, 0.0, -78.0, 0.0, -%s, 40.0], "
        "\"shape\": [%u, 256], \"chunk_shape\": [64, 64]}}",
        key, cell, cell, rows);
    write_text(f->dir, name, text);
}

static void rectilinear_maps(void **state)
{
    const fixture *f = *state;
    zagg_arena *arena = NULL;
    assert_int_equal(zagg_arena_new(0, &arena, NULL), ZAGG_OK);
    char *text =
        shell_ok(f->dir, "sed '/grid:/,$d; s/morton: .*/lat: {dtype: float64}/' c.yaml > "
                         "rect.yaml; echo '  "
                         "grid: {type: rectilinear, crs: \"EPSG:4326\", resolution: "
                         "0.01, bounds: [-78, 38, "
                         "-76, 40], chunk_shape: [64, 64]}' >> rect.yaml; " ON_DEGREES
                         "--granules g/a.h5 --json");
    const zagg_value *results = zagg_value_get(json_of(arena, text), "results");
    assert_true(results != NULL && results->n > 0);
    const uint64_t key = json_u64(results->items[0], "shard_key");
    write_rectilinear(f, "same.json", key, "0.01", 256);
    write_rectilinear(f, "finer.json", key, "0.005", 256);
    write_rectilinear(f, "larger.json", key, "0.01", 320);
    zg_free(text);
    zagg_arena_free(arena);
    check_cases(f, "rectilinear maps", RECTILINEAR,
                sizeof RECTILINEAR / sizeof RECTILINEAR[0]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(usage),
        cmocka_unit_test(files),
        cmocka_unit_test(configs),
        cmocka_unit_test(maps),
        cmocka_unit_test(rectilinear_maps),
    };
    return cmocka_run_group_tests(tests, fixture_new, fixture_free);
}
