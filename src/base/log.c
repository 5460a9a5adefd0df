/* Levelled log to a callback, and the two callbacks that write to a FILE. */
#include "zagg/log.h"

#include "base/base.h"

#include <pthread.h>
#include <stdarg.h>
#include <string.h>

enum { LOG_MESSAGE_BYTES = 4096 }; /* longer messages are cut */

struct zagg_log {
    zagg_log_level max_level;
    zagg_log_fn fn;
    void *user;
    pthread_mutex_t one_call;
};

zagg_log *zagg_log_new(zagg_log_level max_level, zagg_log_fn fn, void *user)
{
    zagg_log *log = zg_alloc(1, sizeof *log);
    if (log == NULL)
        return NULL;
    log->max_level = max_level;
    log->fn = fn;
    log->user = user;
    if (pthread_mutex_init(&log->one_call, NULL) != 0) {
        zg_free(log);
        return NULL;
    }
    return log;
}

void zagg_log_free(zagg_log *log)
{
    if (log == NULL)
        return;
    pthread_mutex_destroy(&log->one_call);
    zg_free(log);
}

void zagg_log_write(zagg_log *log, zagg_log_level level, const char *fmt, ...)
{
    if (log == NULL || level > log->max_level)
        return;
    char message[LOG_MESSAGE_BYTES];
    va_list args;
    va_start(args, fmt);
    int len = vsnprintf(message, sizeof message, fmt, args);
    va_end(args);
    if (len < 0)
        return;
    if ((size_t)len >= sizeof message)
        message[zg_utf8_floor(message, sizeof message - 1)] = '\0';
    pthread_mutex_lock(&log->one_call);
    log->fn(log->user, level, message);
    pthread_mutex_unlock(&log->one_call);
}

const char *zagg_log_level_name(zagg_log_level level)
{
    static const char *const names[] = {"error", "warn", "info", "debug", "trace"};
    size_t n = sizeof names / sizeof names[0];
    return (size_t)level < n ? names[level] : "unknown";
}

void zagg_log_to_text(void *user, zagg_log_level level, const char *message)
{
    FILE *file = user;
    flockfile(file);
    if (level != ZAGG_LOG_INFO) {
        fputs(zagg_log_level_name(level), file);
        fputs(": ", file);
    }
    fputs(message, file);
    fputc('\n', file);
    fflush(file);
    funlockfile(file);
}

/* Bytes of the UTF-8 character at `p` (RFC 3629, surrogates and overlong forms excluded),
 * 0 when it is none. The text ends with a NUL, which no continuation byte equals. */
static size_t utf8_char_len(const unsigned char *p)
{
    if (p[0] < 0x80)
        return 1;
    if (p[0] < 0xC2 || p[0] > 0xF4 || (p[1] & 0xC0) != 0x80)
        return 0;
    if (p[0] < 0xE0)
        return 2;
    bool overlong = (p[0] == 0xE0 && p[1] < 0xA0) || (p[0] == 0xF0 && p[1] < 0x90);
    bool outside = (p[0] == 0xED && p[1] > 0x9F) || (p[0] == 0xF4 && p[1] > 0x8F);
    if (overlong || outside || (p[2] & 0xC0) != 0x80)
        return 0;
    if (p[0] < 0xF0)
        return 3;
    return (p[3] & 0xC0) == 0x80 ? 4 : 0;
}

/* A JSON string (RFC 8259 section 7); bytes that are not UTF-8 become U+FFFD. */
static void put_json_string(FILE *file, const char *text)
{
    const unsigned char *p = (const unsigned char *)text;
    fputc('"', file);
    while (*p != '\0') {
        size_t len = utf8_char_len(p);
        if (len == 0)
            fputs("\\ufffd", file);
        else if (*p == '"' || *p == '\\')
            fprintf(file, "\\%c", *p);
        else if (*p < 0x20)
            fprintf(file, "\\u%04x", (unsigned)*p);
        else
            fwrite(p, 1, len, file);
        p += len == 0 ? 1 : len;
    }
    fputc('"', file);
}

void zagg_log_to_json(void *user, zagg_log_level level, const char *message)
{
    FILE *file = user;
    char stamp[21];
    zg_clock_utc_iso(stamp);
    flockfile(file);
    fprintf(file, "{\"ts\": \"%s\", \"level\": \"%s\", \"message\": ", stamp,
            zagg_log_level_name(level));
    put_json_string(file, message);
    fputs("}\n", file);
    fflush(file);
    funlockfile(file);
}
