/* What zagg run prints when it is done. */
#ifndef ZG_CLI_RUN_OUTPUT_H
#define ZG_CLI_RUN_OUTPUT_H

#include "text/text.h"
#include "zagg/run.h"

/** Upstream's summary lines. */
void print_summary(const zagg_run_summary *s, const char *store, bool dry_run);
/** One JSON object with upstream's keys and ours. */
zagg_status print_json(const zagg_run_summary *s, const char *store, bool dry_run,
                       zagg_err *err);
/** What the store holds, read back (`net`: where it is behind a network). */
zagg_status print_table(const zagg_run_summary *s, const char *store, zagg_net *net,
                        zagg_err *err);

/** What was asked of servers: one line, and the member "network" of an object. */
void print_net(const zagg_net_stats *n);
void json_net(zg_json_out *w, const zagg_net_stats *n);

/** Seconds of each phase of the shards, as one line. */
void print_phases(const zagg_run_summary *s);

#endif
