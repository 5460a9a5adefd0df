/* cover_words: covers for covers.py. Reads "ORDER N LAT LON ..." polygons from stdin, one
 * a line, and prints the words of each cover in one line. */
#include "base/base.h"
#include "zagg/cover.h"

#include <inttypes.h>
#include <stdio.h>

enum { MOST = 1000 };

int main(void)
{
    static double lat[MOST], lon[MOST];
    const zagg_cover_opts opts = {.flat = true};
    unsigned order;
    size_t n;
    while (scanf("%u %zu", &order, &n) == 2 && n <= MOST) {
        const zagg_ring ring = {lat, lon, n};
        zagg_err err = ZAGG_ERR_INIT;
        zagg_words words = {NULL, 0};
        for (size_t i = 0; i < n; i++)
            if (scanf("%lf %lf", &lat[i], &lon[i]) != 2)
                return 2;
        if (zagg_cover_polygon(&ring, 1, order, &opts, &words, &err) != ZAGG_OK) {
            (void)fprintf(stderr, "%s\n", err.msg);
            return 1;
        }
        for (size_t i = 0; i < words.n; i++)
            printf("%" PRIu64 " ", words.words[i]);
        (void)putchar('\n');
        zagg_words_free(&words);
    }
    return feof(stdin) ? 0 : 2;
}
