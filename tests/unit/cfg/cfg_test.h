/* Pieces of configs for the tests of the config module. */
#ifndef CFG_TEST_H
#define CFG_TEST_H

#include "support/support.h"
#include "zagg/config.h"

/* A data_source of two columns, without its closing line: more keys may follow. */
#define SOURCE                                                                           \
    "data_source:\n"                                                                     \
    "  groups: [gt1l, gt1r]\n"                                                           \
    "  coordinates: {latitude: '/{group}/lat', longitude: '/{group}/lon'}\n"             \
    "  variables: {h: '/{group}/h', s: '/{group}/s'}\n"
#define LEVELS                                                                           \
    "  base_level: photons\n"                                                            \
    "  levels:\n"                                                                        \
    "    photons: {path: '/{group}/heights', link: null}\n"                              \
    "    segments:\n"                                                                    \
    "      path: '/{group}/geo/'\n"                                                      \
    "      coordinates: {latitude: la, longitude: /abs/lo}\n"                            \
    "      variables: {dem: '/{group}/dem'}\n"                                           \
    "      link: {to: photons, index_beg: /b, count: /c, index_base: 1}\n"
#define FIELDS                                                                           \
    "aggregation:\n"                                                                     \
    "  variables:\n"                                                                     \
    "    n: {function: len, source: h, dtype: int32, fill_value: 0}\n"
#define OUTPUT                                                                           \
    "output:\n"                                                                          \
    "  store_layout: flat\n"                                                             \
    "  grid: {type: healpix, parent_order: 6, child_order: 12}\n"

/* Parse text named "t.yaml" that must load. */
zagg_pipeline *must_load(const char *text);
/* Parse text that must be refused with ECONFIG and exactly this message. */
void must_refuse(const char *text, const char *message);
/* Parse text that loads but must not run, for exactly this reason. */
void must_not_run(const char *text, const char *message);
/* Parse text that must load and may run. */
void must_run(const char *text);

#endif
