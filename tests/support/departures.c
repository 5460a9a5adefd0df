/* The closed list of departures from upstream. */
#include "support/departures.h"

#include <string.h>

static size_t find(const departures *d, const char *name)
{
    for (size_t i = 0; i < d->list->n; i++)
        if (zagg_value_is(zagg_value_get(d->list->items[i], "set"), d->set) &&
            zagg_value_is(zagg_value_get(d->list->items[i], "case"), name))
            return i;
    return DEPARTURES_MAX;
}

departures departures_load(zagg_arena *arena, const char *set)
{
    static const char *const keys[] = {"set", "case", "upstream", "ours", "why"};
    departures d = {.set = set};
    d.list = golden_json(arena, source_path("tests/golden/departures.json"));
    assert_int_equal(d.list->kind, ZAGG_LIST);
    assert_true(d.list->n < DEPARTURES_MAX);
    for (size_t i = 0; i < d.list->n; i++) {
        for (size_t k = 0; k < 5; k++) {
            const zagg_value *v = zagg_value_get(d.list->items[i], keys[k]);
            if (v == NULL || v->kind != ZAGG_STR || v->str_len == 0)
                fail_msg("departures.json: entry %zu: %s must be text", i, keys[k]);
        }
    }
    return d;
}

bool departures_has(const departures *d, const char *name)
{
    return find(d, name) != DEPARTURES_MAX;
}

void departures_judge(departures *d, case_report *r, const char *name, bool departs,
                      const char *how)
{
    size_t i = find(d, name);
    if (i != DEPARTURES_MAX)
        d->seen[i] = true;
    if (departs == (i != DEPARTURES_MAX))
        case_pass(r);
    else if (departs)
        case_fail(r, name, "differs from upstream and is not in departures.json: %s",
                  how);
    else
        case_fail(r, name, "is in departures.json but agrees with upstream");
}

void departures_judge_as(departures *d, case_report *r, const char *name,
                         const char *difference, const char *ours)
{
    size_t i = find(d, name);
    const bool departs = difference[0] != '\0';
    if (departs && i != DEPARTURES_MAX) {
        const zagg_value *v = zagg_value_get(d->list->items[i], "ours");
        if (strncmp(v->str, ours, strlen(ours)) != 0) {
            d->seen[i] = true;
            case_fail(r, name, "departures.json says of ours '%s'; found: %s (%s)",
                      v->str, ours, difference);
            return;
        }
    }
    departures_judge(d, r, name, departs, difference);
}

void departures_end(departures *d, case_report *r)
{
    for (size_t i = 0; i < d->list->n; i++) {
        const zagg_value *set = zagg_value_get(d->list->items[i], "set");
        const zagg_value *name = zagg_value_get(d->list->items[i], "case");
        if (zagg_value_is(set, d->set) && !d->seen[i])
            case_fail(r, name->str, "is in departures.json but no such case ran");
    }
}
