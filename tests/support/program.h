/* The programs of this build, run in a folder through the shell, and the files they
 * leave.
 */
#ifndef ZAGG_TESTS_PROGRAM_H
#define ZAGG_TESTS_PROGRAM_H

#include "support/support.h"

/** Run a shell command in `dir` with the build folder in front of PATH, so that `zagg`
 * and `zagg-synth` are the programs under test. */
run_result shell_in(const char *dir, const char *command);
/** As above; the command is made from a format, and anything but exit 0 fails the test.
 * The standard output is the caller's (zg_free). */
char *shell_ok(const char *dir, const char *fmt, ...) ZAGG_PRINTF(2, 3);

/** Write text to DIR/NAME or fail the test. */
void write_text(const char *dir, const char *name, const char *text);
/** The same text with every `from` replaced by `to`; fails the test without any. The
 * caller's (zg_free). */
char *replaced(const char *text, const char *from, const char *to);

/** True when `text` is `pattern`, in which a '*' stands for anything. */
bool text_matches(const char *pattern, const char *text);

/** Names of all files below a folder, sorted: elements are char *. */
zg_vec tree_files(const char *root);
void tree_files_free(zg_vec *files);

/** Compare all files of two folders byte for byte. Returns how many differ or are in one
 * of them only, names them in `names` and counts all in `n_files`. */
size_t trees_differ(const char *expected, const char *actual, zg_str *names,
                    size_t *n_files);
/** Fail the test, naming files, unless both folders hold the same, and at least one. */
void assert_same_trees(const char *expected, const char *actual);

#endif
