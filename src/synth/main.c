/* zagg-synth: deterministic granules shaped like ATL03 and ATL06, of any size. */
#include "base/base.h"
#include "synth/synth.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static zagg_status make_dirs(const char *path, zagg_err *err)
{
    char part[4096];
    size_t n = strlen(path);
    if (n == 0 || n >= sizeof part)
        return zagg_err_set(err, ZAGG_EARG, "--out is empty or too long");
    memcpy(part, path, n + 1);
    for (size_t i = 1; i <= n; i++) {
        if (part[i] != '/' && part[i] != '\0')
            continue;
        char kept = part[i];
        part[i] = '\0';
        if (mkdir(part, 0777) != 0 && errno != EEXIST)
            return zagg_err_set_errno(err, ZAGG_EIO, errno, "%s: cannot be made", part);
        part[i] = kept;
    }
    struct stat info;
    if (stat(path, &info) != 0 || !S_ISDIR(info.st_mode))
        return zagg_err_set(err, ZAGG_EIO, "%s: is not a folder", path);
    return ZAGG_OK;
}

static void print_total(const zg_synth_options *o, uint64_t bytes, double seconds)
{
    uint64_t beams = o->granules * (o->beams - o->missing_beams - o->empty_beams);
    bool atl03 = o->product == ZG_SYNTH_ATL03;
    uint64_t each = atl03 ? o->photons : (zg_synth_segments(o) + 1) / 2;
    printf("%llu granules, %llu %s, %.1f MB, %.1f s\n", (unsigned long long)o->granules,
           (unsigned long long)(beams * each), atl03 ? "photons" : "land-ice segments",
           (double)bytes / 1e6, seconds);
}

static zagg_status write_all(const zg_synth_options *o, zagg_err *err)
{
    double start_s = zg_clock_mono_s();
    uint64_t total = 0;
    ZAGG_TRY(make_dirs(o->out_dir, err));
    for (uint64_t g = 0; g < o->granules; g++) {
        char path[4128];
        uint64_t bytes;
        ZAGG_TRY(zg_synth_granule_write(o, g, path, sizeof path, &bytes, err));
        total += bytes;
        if (!o->quiet) {
            printf("[%llu/%llu] %s %.1f MB\n", (unsigned long long)(g + 1),
                   (unsigned long long)o->granules, path, (double)bytes / 1e6);
            fflush(stdout);
        }
    }
    if (!o->quiet)
        print_total(o, total, zg_clock_mono_s() - start_s);
    return ZAGG_OK;
}

int main(int argc, char **argv)
{
    zg_synth_options o;
    zagg_err err = ZAGG_ERR_INIT;
    switch (zg_synth_parse(argc, argv, &o)) {
    case ZG_SYNTH_SHOWN:
        return 0;
    case ZG_SYNTH_WRONG:
        return 2;
    case ZG_SYNTH_GO:
        break;
    }
    if (write_all(&o, &err) != ZAGG_OK) {
        fprintf(stderr, "zagg-synth: %s\n", err.msg);
        return 1;
    }
    return 0;
}
