/* What the test programs share: where golden sets are, .npy files, running a program. */
#ifndef ZAGG_TESTS_SUPPORT_H
#define ZAGG_TESTS_SUPPORT_H

#include "base/base.h"
#include "zagg/dtype.h"
#include "zagg/io.h"
#include "zagg/value.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* clang-format off: cmocka needs the headers above first */
#include <cmocka.h>
/* clang-format on */

/** Path of a file or folder of the golden sets: $ZAGG_GOLDEN, else "golden" in
 * $ZAGG_SHARED (else "../shared") seen from the source folder. The text lives in one of
 * four static buffers used in turn: it is good until the fourth call from here of any
 * function returning a path. */
const char *golden_path(const char *relative);
/** As above below the shared folder itself ("data/real/..."). */
const char *shared_path(const char *relative);
/** Path inside the source tree. */
const char *source_path(const char *relative);

/** True when the golden set is there. Otherwise prints "skipped: ..." and returns false,
 * or fails the test where it must be there (default place and CI set). */
bool golden_available(const char *relative);

/** Parse a JSON file or fail the test. The tree lives in `arena`. */
const zagg_value *golden_json(zagg_arena *arena, const char *path);

/** A .npy array in C order (also when the file is not), any of the dtypes of zagg_dtype,
 * bool as u8. Fails the test when it cannot be read. */
typedef struct npy {
    zagg_dtype dtype;
    unsigned rank;
    uint64_t dims[4];
    size_t n; /* elements */
    void *data;
} npy;
npy npy_read(const char *path);
void npy_free(npy *a);

/** C99 hex float / decimal / "nan" / "inf" text of the golden files to double. */
double golden_double(const char *text);

/** Same value, or both NaN. */
bool same_double(double a, double b);
/** Distance in units in the last place; 0 for equal or both NaN, UINT64_MAX if only one
 * is. */
uint64_t ulp_distance(double a, double b);

/** Named cases: counts and prints; call report_end to fail when any case failed. */
typedef struct case_report {
    const char *set;
    size_t passed, failed, skipped;
} case_report;
void case_pass(case_report *r);
void case_skip(case_report *r, const char *name, const char *why);
void case_fail(case_report *r, const char *name, const char *fmt, ...) ZAGG_PRINTF(3, 4);
void report_end(case_report *r, size_t at_least);

/** Run a program (argv[0] searched in PATH unless it holds a '/'), capture both outputs.
 */
typedef struct run_result {
    int status; /* exit code, or 128 + signal */
    char *out, *err;
} run_result;
run_result run_program(const char *const *argv, const char *const *extra_env);
void run_result_free(run_result *r);

/** A new empty folder under $TMPDIR; remove with remove_tree, then zg_free the path. */
char *make_temp_dir(void);
void remove_tree(const char *path);

#endif
