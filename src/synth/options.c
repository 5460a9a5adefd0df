/* Command line of zagg-synth. */
#include "base/base.h"
#include "synth/synth.h"

#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char usage_text[] =
    "usage: zagg-synth --out DIR [options]\n"
    "\n"
    "Writes HDF5 granules shaped like ICESat-2 products over an invented landscape of "
    "hills,\n"
    "woods and lakes. Equal options give equal photons on every machine.\n"
    "\n"
    "what\n"
    "  --out DIR            folder for the granules; made if it is not there\n"
    "  --product atl03      photons with their segments (default), or atl06: land-ice\n"
    "                       segments of 40 m only\n"
    "  --granules N         passes over the place, in turn going north and south (4)\n"
    "  --beams N            1 to 6: gt1l gt1r gt2l gt2r gt3l gt3r (6)\n"
    "  --photons N          photons in each beam (100000)\n"
    "  --per-segment N      photons in a 20 m segment, on average (30): fewer make a\n"
    "                       longer track\n"
    "  --seed N             another seed is another landscape and other photons (0)\n"
    "\n"
    "where\n"
    "  --lat DEG --lon DEG  middle of the tracks (38.89 -76.56)\n"
    "  --spread M           how far passes lie beside each other, in metres (1500)\n"
    "\n"
    "how it is stored\n"
    "  --layout v006        superblock 0, symbol tables (default), or v007: paged file,\n"
    "                       superblock 2, link messages\n"
    "  --chunk N            photons in a chunk (10000; v007: 100000)\n"
    "  --gzip 0-9           deflate level; 0 stores plain chunks (6)\n"
    "  --shuffle integers   bytes of integers are shuffled before they are deflated\n"
    "                       (default), or all: those of floats too\n"
    "\n"
    "what may be wrong with real granules\n"
    "  --empty-beams N      the last N beams that are there have no photons (0)\n"
    "  --missing-beams N    the last N beams are not in the file at all (0)\n"
    "\n"
    "  --quiet              no line per granule\n"
    "  --help, --version\n"
    "\n"
    "example: a map in two commands\n"
    "  zagg-synth --out granules --granules 4 --photons 100000\n"
    "  zagg run --config examples/demo.yaml --granules granules --store out --table\n";

enum option_id {
    OPT_OUT = 1,
    OPT_PRODUCT,
    OPT_GRANULES,
    OPT_BEAMS,
    OPT_PHOTONS,
    OPT_PER_SEGMENT,
    OPT_SEED,
    OPT_LAT,
    OPT_LON,
    OPT_SPREAD,
    OPT_LAYOUT,
    OPT_CHUNK,
    OPT_GZIP,
    OPT_SHUFFLE,
    OPT_EMPTY,
    OPT_MISSING,
    OPT_QUIET,
    OPT_HELP,
    OPT_VERSION
};

static const struct option long_options[] = {
    {"out", required_argument, NULL, OPT_OUT},
    {"product", required_argument, NULL, OPT_PRODUCT},
    {"granules", required_argument, NULL, OPT_GRANULES},
    {"beams", required_argument, NULL, OPT_BEAMS},
    {"photons", required_argument, NULL, OPT_PHOTONS},
    {"per-segment", required_argument, NULL, OPT_PER_SEGMENT},
    {"seed", required_argument, NULL, OPT_SEED},
    {"lat", required_argument, NULL, OPT_LAT},
    {"lon", required_argument, NULL, OPT_LON},
    {"spread", required_argument, NULL, OPT_SPREAD},
    {"layout", required_argument, NULL, OPT_LAYOUT},
    {"chunk", required_argument, NULL, OPT_CHUNK},
    {"gzip", required_argument, NULL, OPT_GZIP},
    {"shuffle", required_argument, NULL, OPT_SHUFFLE},
    {"empty-beams", required_argument, NULL, OPT_EMPTY},
    {"missing-beams", required_argument, NULL, OPT_MISSING},
    {"quiet", no_argument, NULL, OPT_QUIET},
    {"help", no_argument, NULL, OPT_HELP},
    {"version", no_argument, NULL, OPT_VERSION},
    {NULL, 0, NULL, 0},
};

static bool wrong(const char *option, const char *text, const char *allowed)
{
    fprintf(stderr, "zagg-synth: --%s: '%s' is not %s\n", option, text, allowed);
    return false;
}

static bool whole(const char *option, const char *text, uint64_t low, uint64_t high,
                  uint64_t *out)
{
    char allowed[80], *end;
    errno = 0;
    unsigned long long v = strtoull(text, &end, 10);
    if (errno || end == text || *end || strchr(text, '-') || v < low || v > high) {
        snprintf(allowed, sizeof allowed, "a whole number from %llu to %llu",
                 (unsigned long long)low, (unsigned long long)high);
        return wrong(option, text, allowed);
    }
    *out = v;
    return true;
}

static bool number(const char *option, const char *text, double low, double high,
                   double *out)
{
    char allowed[80], *end;
    double v = strtod(text, &end);
    if (end == text || *end || !(v >= low && v <= high)) {
        snprintf(allowed, sizeof allowed, "a number from %.0f to %.0f", low, high);
        return wrong(option, text, allowed);
    }
    *out = v;
    return true;
}

static bool choice(const char *option, const char *text, const char *first,
                   const char *second, int *out)
{
    char allowed[80];
    if (strcmp(text, first) != 0 && strcmp(text, second) != 0) {
        snprintf(allowed, sizeof allowed, "%s or %s", first, second);
        return wrong(option, text, allowed);
    }
    *out = strcmp(text, second) == 0;
    return true;
}

static bool set_option(zg_synth_options *o, int id, const char *name, const char *text)
{
    int second = 0;
    switch (id) {
    case OPT_OUT:
        o->out_dir = text;
        return true;
    case OPT_PRODUCT:
        if (!choice(name, text, "atl03", "atl06", &second))
            return false;
        o->product = second ? ZG_SYNTH_ATL06 : ZG_SYNTH_ATL03;
        return true;
    case OPT_LAYOUT:
        if (!choice(name, text, "v006", "v007", &second))
            return false;
        o->layout = second ? ZG_SYNTH_V007 : ZG_SYNTH_V006;
        return true;
    case OPT_SHUFFLE:
        if (!choice(name, text, "integers", "all", &second))
            return false;
        o->shuffle_all = second;
        return true;
    case OPT_GRANULES:
        return whole(name, text, 1, 10000, &o->granules);
    case OPT_BEAMS:
        return whole(name, text, 1, ZG_SYNTH_MAX_BEAMS, &o->beams);
    case OPT_PHOTONS:
        return whole(name, text, 1, 200000000, &o->photons);
    case OPT_PER_SEGMENT:
        return whole(name, text, 1, 100000, &o->per_segment);
    case OPT_SEED:
        return whole(name, text, 0, UINT64_MAX, &o->seed);
    case OPT_CHUNK:
        return whole(name, text, 1, 100000000, &o->chunk);
    case OPT_GZIP:
        return whole(name, text, 0, 9, &o->gzip);
    case OPT_EMPTY:
        return whole(name, text, 0, ZG_SYNTH_MAX_BEAMS, &o->empty_beams);
    case OPT_MISSING:
        return whole(name, text, 0, ZG_SYNTH_MAX_BEAMS, &o->missing_beams);
    case OPT_LAT:
        return number(name, text, -85, 85, &o->lat_deg);
    case OPT_LON:
        return number(name, text, -180, 180, &o->lon_deg);
    case OPT_SPREAD:
        return number(name, text, 0, 100000, &o->spread_m);
    case OPT_QUIET:
        o->quiet = true;
        return true;
    default:
        return false;
    }
}

/* Rules that concern more than one option. */
static bool sound(const zg_synth_options *o)
{
    if (!o->out_dir) {
        fputs("zagg-synth: --out DIR is missing (see zagg-synth --help)\n", stderr);
        return false;
    }
    if (o->empty_beams + o->missing_beams > o->beams) {
        fputs("zagg-synth: --empty-beams and --missing-beams name more beams than "
              "--beams\n",
              stderr);
        return false;
    }
    double reach = fabs(o->lat_deg) + zg_synth_half_span_deg(zg_synth_segments(o));
    if (reach > 88.0) {
        fprintf(stderr,
                "zagg-synth: the tracks would reach latitude %.1f; take fewer --photons, "
                "more --per-segment or a smaller --lat (88 at most)\n",
                reach);
        return false;
    }
    return true;
}

zg_synth_parsed zg_synth_parse(int argc, char **argv, zg_synth_options *o)
{
    *o = (zg_synth_options){.granules = 4,
                            .photons = 100000,
                            .per_segment = 30,
                            .gzip = 6,
                            .beams = ZG_SYNTH_MAX_BEAMS,
                            .lat_deg = 38.89,
                            .lon_deg = -76.56,
                            .spread_m = 1500.0};
    int id, at = 0;
    opterr = 0;
    while ((id = getopt_long(argc, argv, ":", long_options, &at)) != -1) {
        if (id == OPT_HELP) {
            fputs(usage_text, stdout);
            return ZG_SYNTH_SHOWN;
        }
        if (id == OPT_VERSION) {
            puts("zagg-synth " ZAGG_VERSION);
            return ZG_SYNTH_SHOWN;
        }
        if (id == '?' || id == ':') {
            fprintf(stderr, "zagg-synth: %s: %s (see zagg-synth --help)\n",
                    argv[optind - 1],
                    id == '?' ? "no such option" : "a value is missing");
            return ZG_SYNTH_WRONG;
        }
        if (!set_option(o, id, long_options[at].name, optarg))
            return ZG_SYNTH_WRONG;
    }
    if (optind < argc) {
        fprintf(stderr, "zagg-synth: %s: unexpected (see zagg-synth --help)\n",
                argv[optind]);
        return ZG_SYNTH_WRONG;
    }
    if (o->chunk == 0)
        o->chunk = o->layout == ZG_SYNTH_V007 ? 100000 : 10000;
    return sound(o) ? ZG_SYNTH_GO : ZG_SYNTH_WRONG;
}
