/* Shared by the tests of the HDF5 reader: files written with libhdf5, and the comparison
 * of every dataset of a file with what libhdf5 reads. */
#ifndef ZAGG_TESTS_H5_TEST_H
#define ZAGG_TESTS_H5_TEST_H

#include "support/support.h"
#include "zagg/h5.h"

#include <hdf5.h>

#define FIXTURE_CROWD 1500 /* groups in /crowd, beside one dataset */
#define FIXTURE_GRID_ROWS 12345

/** What a written file is like. */
typedef struct fixture_kind {
    const char *name;
    bool new_groups; /* superblock 2, object headers 2, compact and dense groups */
    unsigned user_block;
} fixture_kind;
extern const fixture_kind fixture_kinds[];
extern const size_t n_fixture_kinds;

/** Write the file of all layouts, filters and types into `dir`; `path` holds 512 bytes.
 */
void fixture_write(const fixture_kind *kind, const char *dir, char path[512]);

/** Compare every numeric dataset of a file, read in all ways, with libhdf5. Returns how
 * many were compared. */
size_t compare_file(const char *path, case_report *report);
/** The same through a source whose requests take time, with and without reading ahead. */
size_t compare_file_remote(const char *path, case_report *report);

#endif
