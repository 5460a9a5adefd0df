/* Events as files, for engines that give a task a number and nothing else. */
#ifndef ZG_DISPATCH_FILES_H
#define ZG_DISPATCH_FILES_H

#include "base/base.h"

/** Make a folder that is this user's alone; one that is there will do. */
zagg_status zg_private_folder(const char *path, zagg_err *err);
/** FOLDER/NAME, readable by its owner alone: events may hold keys. */
zagg_status zg_private_file(const char *folder, const char *name, const char *text,
                            size_t len, zagg_err *err);
/** Remove the events of a folder: files called setup.json, finalize.json or NUMBER.json
 * that begin as events do. Whatever else is in there stays. `n`: how many; may be NULL.
 */
zagg_status zg_private_clear(const char *folder, size_t *n, zagg_err *err);

#endif
