/* Levelled log to a callback. The library itself never prints. */
#ifndef ZAGG_LOG_H
#define ZAGG_LOG_H

#include "zagg/status.h"

#include <stdio.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum zagg_log_level {
    ZAGG_LOG_ERROR = 0,
    ZAGG_LOG_WARN,
    ZAGG_LOG_INFO,
    ZAGG_LOG_DEBUG,
    ZAGG_LOG_TRACE
} zagg_log_level;

/** Receives one message (no newline). Called from any thread, one call at a time per
 * logger. */
typedef void (*zagg_log_fn)(void *user, zagg_log_level level, const char *message);

/** A logger is a value that the caller owns and passes down; NULL means silence. */
typedef struct zagg_log zagg_log;

/** New logger that passes messages up to `max_level` to `fn`. NULL on lack of memory.
 *  Free with zagg_log_free. */
ZAGG_API zagg_log *zagg_log_new(zagg_log_level max_level, zagg_log_fn fn, void *user);
ZAGG_API void zagg_log_free(zagg_log *log);

/** Log a formatted message; nothing happens for a NULL logger or a level beyond its own.
 *  Thread-safe. Never pass credentials. */
ZAGG_API void zagg_log_write(zagg_log *log, zagg_log_level level, const char *fmt, ...)
    ZAGG_PRINTF(3, 4);

/** Ready-made callbacks; `user` is the FILE* to write to. The first writes "level:
 * message" lines (info without its prefix), the second one JSON object a line with the
 * keys ts (UTC, ISO 8601), level and message. */
ZAGG_API void zagg_log_to_text(void *user, zagg_log_level level, const char *message);
ZAGG_API void zagg_log_to_json(void *user, zagg_log_level level, const char *message);

/** "error", "warn", "info", "debug", "trace". Static text. */
ZAGG_API const char *zagg_log_level_name(zagg_log_level level);

#ifdef __cplusplus
}
#endif
#endif
