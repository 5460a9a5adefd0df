/* What a power failure leaves of a folder. Calls of the tested code on files below it are
 * recorded (fault_watch); afterwards the folder can be made as it would be found had the
 * machine stopped behind any of them:
 *
 *  - POWER_STRICT: only what was synced. A name counts when its folder was synced behind
 *    the call that made it, bytes count when the file was synced behind their write.
 *  - POWER_NAMES: all names are there, but files hold synced bytes only: the journal of
 *    the file system was ahead of the data.
 *  - POWER_MIXED: of what was not synced any part may be there: each name as it was or as
 *    it is, files with any beginning of what was written. */
#ifndef ZAGG_TESTS_POWER_H
#define ZAGG_TESTS_POWER_H

#include <stddef.h>
#include <stdint.h>

typedef enum power_kind {
    POWER_STRICT,
    POWER_NAMES,
    POWER_MIXED,
    POWER_N_KINDS
} power_kind;

/** Record calls on files whose path starts with `prefix` (absolute). Nothing may be there
 * yet. */
void power_record(const char *prefix);
/** Record no longer; the number of calls. */
size_t power_stop(void);
/** Make, where the recorded files were, what is left behind call `n` (from 0: nothing).
 * Nothing may be there. */
void power_restore(size_t n, power_kind kind, uint32_t seed);
/** Forget the record. */
void power_forget(void);

#endif
