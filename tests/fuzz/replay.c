/* Runs a fuzz target without libFuzzer: replay FILE|FOLDER ... Every file is handed over
 * as it is, then cut short and with bytes changed in a fixed pseudo-random order, so that
 * plain builds and sanitizer builds see damaged input in every test run. An input that
 * takes too long, or memory beyond what one granule may cost, is a failure. */
#include "base/base.h"
#include "fuzz/fuzz.h"
#include "zagg/io.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_FILES 4096
#define MAX_PATH 1024
#define VARIANTS 20000 /* over all files */
#define MAX_SECONDS 10.0
#define MAX_RSS_BYTES ((uint64_t)256 << 20)

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define COUNTS_MEMORY 0 /* the sanitizers' own memory is far larger */
#else
#define COUNTS_MEMORY 1
#endif

static char files[MAX_FILES][MAX_PATH];
static size_t n_files;
static uint64_t state = 1;

static uint64_t next_random(void)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state;
}

/* libFuzzer hands out exact heap blocks; so that ASan sees every byte too far, this does.
 */
static void run_once(const char *data, size_t n)
{
    uint8_t *copy = malloc(n ? n : 1);
    if (!copy)
        abort();
    memcpy(copy, data, n);
    double start = zg_clock_mono_s();
    LLVMFuzzerTestOneInput(copy, n);
    double took_s = zg_clock_mono_s() - start;
    free(copy);
    if (took_s > MAX_SECONDS) {
        fprintf(stderr, "replay: one input took %.1f s\n", took_s);
        exit(1);
    }
}

static void run_variants(char *data, size_t n, size_t variants)
{
    for (size_t i = 0; i < variants && n > 0; i++) {
        size_t changes = 1 + next_random() % 4, at[4];
        char old[4];
        for (size_t k = 0; k < changes; k++) {
            /* mostly near the front, where headers are */
            at[k] = next_random() % (next_random() % 4 ? (n < 4096 ? n : 4096) : n);
            old[k] = data[at[k]];
            data[at[k]] = (char)next_random();
        }
        run_once(data, i % 8 == 7 ? next_random() % n : n);
        for (size_t k = changes; k-- > 0;)
            data[at[k]] = old[k];
    }
}

static void replay(const char *path, size_t variants)
{
    char *data;
    size_t n;
    zagg_err err = ZAGG_ERR_INIT;
    /* Before it runs: the last line names the input that ended the program. */
    printf("%s\n", path);
    fflush(stdout);
    if (zagg_file_read(path, (size_t)64 << 20, &data, &n, &err) != ZAGG_OK) {
        fprintf(stderr, "replay: %s\n", err.msg);
        exit(1);
    }
    run_once(data, n);
    run_variants(data, n, variants);
    zagg_bytes_free(data);
}

static void add_file(const char *folder, const char *name)
{
    if (n_files == MAX_FILES || snprintf(files[n_files], MAX_PATH, "%s%s%s", folder,
                                         *folder ? "/" : "", name) >= MAX_PATH) {
        fprintf(stderr, "replay: too many files, or too long a path\n");
        exit(1);
    }
    n_files++;
}

static void add(const char *path)
{
    DIR *dir = opendir(path);
    if (!dir) {
        add_file("", path);
        return;
    }
    for (struct dirent *e; (e = readdir(dir));)
        if (e->d_name[0] != '.')
            add_file(path, e->d_name);
    closedir(dir);
}

static int by_path(const void *a, const void *b)
{
    return strcmp(a, b);
}

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        add(argv[i]);
    if (n_files == 0) {
        fprintf(stderr, "replay: no inputs\n");
        return 1;
    }
    qsort(files, n_files, sizeof files[0], by_path);
    size_t each = VARIANTS / n_files + 1;
    for (size_t i = 0; i < n_files; i++)
        replay(files[i], each);
    uint64_t peak = zg_peak_rss_bytes();
    printf("%zu inputs, %zu variants each, %.0f MiB\n", n_files, each,
           (double)peak / (1 << 20));
    if (COUNTS_MEMORY && peak > MAX_RSS_BYTES) {
        fprintf(stderr, "replay: more memory than any input may cost\n");
        return 1;
    }
    return 0;
}
