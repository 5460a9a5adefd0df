/* tests/golden/departures.json: the closed list of golden cases where zagg differs from
 * upstream on purpose. A case that differs must be listed, a listed case must differ. */
#ifndef ZAGG_TESTS_DEPARTURES_H
#define ZAGG_TESTS_DEPARTURES_H

#include "support/support.h"

#define DEPARTURES_MAX 256

typedef struct departures {
    const char *set;
    const zagg_value *list; /* all sets */
    bool seen[DEPARTURES_MAX];
} departures;

/** Read the list and check its form: {set, case, upstream, ours, why}, all text. */
departures departures_load(zagg_arena *arena, const char *set);
/** Is this case of the set listed? */
bool departures_has(const departures *d, const char *name);
/** Judge one case: counts it as passed when `departs` is what the list says. */
void departures_judge(departures *d, case_report *r, const char *name, bool departs,
                      const char *how);
/** As departures_judge for a difference in words ("" for none); a case that differs must
 * moreover differ as its "ours" says: that text must begin with `ours`. */
void departures_judge_as(departures *d, case_report *r, const char *name,
                         const char *difference, const char *ours);
/** Fail every listed case of the set that was never judged. */
void departures_end(departures *d, case_report *r);

#endif
