/* Events as files, for engines that give a task a number and nothing else. */
#ifndef ZG_DISPATCH_FILES_H
#define ZG_DISPATCH_FILES_H

#include "base/base.h"

/** Make a folder that is this user's alone; one that is there will do. */
zagg_status zg_private_folder(const char *path, zagg_err *err);
/** FOLDER/NAME, readable by its owner alone: events may hold keys. */
zagg_status zg_private_file(const char *folder, const char *name, const char *text,
                            size_t len, zagg_err *err);

#endif
