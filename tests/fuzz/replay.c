/* Runs a fuzz target without libFuzzer: each file or folder of files named, as it is, cut
 * short and with bytes changed in a fixed pseudo-random order, so that plain builds and
 * sanitizer builds see damaged input in every test run. */
#include "base/base.h"
#include "fuzz/fuzz.h"
#include "zagg/io.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MUTATIONS 400

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
    LLVMFuzzerTestOneInput(copy, n);
    free(copy);
}

static size_t replay(const char *path)
{
    char *data;
    size_t n;
    zagg_err err = ZAGG_ERR_INIT;
    if (zagg_file_read(path, (size_t)64 << 20, &data, &n, &err) != ZAGG_OK) {
        fprintf(stderr, "replay: %s\n", err.msg);
        exit(1);
    }
    run_once(data, n);
    for (size_t i = 0; i < MUTATIONS && n > 0; i++) {
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
    zagg_bytes_free(data);
    return 1;
}

static size_t replay_folder(const char *path)
{
    DIR *dir = opendir(path);
    size_t files = 0;
    if (!dir)
        return replay(path);
    for (struct dirent *e; (e = readdir(dir));) {
        char file[2048];
        if (e->d_name[0] == '.')
            continue;
        snprintf(file, sizeof file, "%s/%s", path, e->d_name);
        files += replay(file);
    }
    closedir(dir);
    return files;
}

int main(int argc, char **argv)
{
    size_t files = 0;
    for (int i = 1; i < argc; i++)
        files += replay_folder(argv[i]);
    printf("%zu inputs, %d variants each\n", files, MUTATIONS);
    return files ? 0 : 1;
}
