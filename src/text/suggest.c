/* Edit distance for "did you mean" hints. */
#include "text/text.h"

#include <string.h>

enum { MAX_TEXT = 64 };

size_t zg_edit_distance(const char *a, const char *b)
{
    size_t rows[2][MAX_TEXT + 1];
    size_t na = strnlen(a, MAX_TEXT), nb = strnlen(b, MAX_TEXT);
    for (size_t j = 0; j <= nb; j++)
        rows[0][j] = j;
    for (size_t i = 1; i <= na; i++) {
        const size_t *above = rows[(i - 1) % 2];
        size_t *row = rows[i % 2];
        row[0] = i;
        for (size_t j = 1; j <= nb; j++) {
            size_t best = above[j - 1] + (a[i - 1] != b[j - 1]);
            if (above[j] + 1 < best)
                best = above[j] + 1;
            if (row[j - 1] + 1 < best)
                best = row[j - 1] + 1;
            row[j] = best;
        }
    }
    return rows[na % 2][nb];
}
