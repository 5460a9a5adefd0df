/* Names of status classes and the error context. Messages are formatted aside first, so
 * that an argument may point into the context that is being rewritten. */
#include "zagg/status.h"

#include "base/base.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { MSG_BYTES = (int)sizeof((zagg_err *)NULL)->msg };

const char *zagg_status_name(zagg_status status)
{
    static const char *const names[] = {
        [ZAGG_OK] = "ok",
        [ZAGG_EARG] = "arg",
        [ZAGG_ENOMEM] = "nomem",
        [ZAGG_EIO] = "io",
        [ZAGG_EHTTP] = "http",
        [ZAGG_EAUTH] = "auth",
        [ZAGG_ENOTFOUND] = "notfound",
        [ZAGG_EFORMAT] = "format",
        [ZAGG_EUNSUPPORTED] = "unsupported",
        [ZAGG_ERANGE] = "range",
        [ZAGG_ECONFIG] = "config",
        [ZAGG_EEXISTS] = "exists",
        [ZAGG_ECANCELLED] = "cancelled",
        [ZAGG_EINTERNAL] = "internal",
    };
    _Static_assert(sizeof names / sizeof names[0] == ZAGG_STATUS_END, "a name for each");
    return (unsigned)status < (unsigned)ZAGG_STATUS_END ? names[status] : "unknown";
}

/* Append to a message of `len` bytes as much of `text` as fits; the new length. */
static size_t msg_append(char msg[MSG_BYTES], size_t len, const char *text)
{
    size_t room = (size_t)MSG_BYTES - 1 - len;
    size_t more = strlen(text);
    if (more > room)
        more = zg_utf8_floor(text, room);
    memcpy(msg + len, text, more);
    msg[len + more] = '\0';
    return len + more;
}

ZAGG_PRINTF(2, 0)
static size_t msg_format(char msg[MSG_BYTES], const char *fmt, va_list args)
{
    int len = vsnprintf(msg, MSG_BYTES, fmt, args);
    if (len < 0) {
        msg[0] = '\0';
        return 0;
    }
    if (len < MSG_BYTES)
        return (size_t)len;
    size_t cut = zg_utf8_floor(msg, MSG_BYTES - 1);
    msg[cut] = '\0';
    return cut;
}

zagg_status zagg_err_set(zagg_err *err, zagg_status status, const char *fmt, ...)
{
    if (err == NULL)
        return status;
    char msg[MSG_BYTES];
    va_list args;
    va_start(args, fmt);
    size_t len = msg_format(msg, fmt, args);
    va_end(args);
    memcpy(err->msg, msg, len + 1);
    err->status = status;
    err->sys_errno = 0;
    return status;
}

/* What to do about errors that the user of a program can do something about. */
static const char *advice_for(int sys_errno)
{
    switch (sys_errno) {
    case ENOSPC:
    case EDQUOT:
        return "; make room there and run again";
    case EROFS:
        return "; name another place";
    case EACCES:
    case EPERM:
        return "; check owner and permissions";
    case EMFILE:
        return "; raise the limit (ulimit -n) or use fewer threads";
    case EFBIG:
        return "; raise the limit (ulimit -f)";
    case EIO:
        return "; check disk and network, then run again";
    default:
        return "";
    }
}

zagg_status zagg_err_set_errno(zagg_err *err, zagg_status status, int sys_errno,
                               const char *fmt, ...)
{
    if (sys_errno == ENOMEM) /* whatever the call was about */
        status = ZAGG_ENOMEM;
    if (err == NULL)
        return status;
    char msg[MSG_BYTES], reason[256];
    va_list args;
    va_start(args, fmt);
    size_t len = msg_format(msg, fmt, args);
    va_end(args);
    if (strerror_r(sys_errno, reason, sizeof reason) != 0)
        snprintf(reason, sizeof reason, "error %d", sys_errno);
    len = msg_append(msg, len, ": ");
    len = msg_append(msg, len, reason);
    len = msg_append(msg, len, advice_for(sys_errno));
    memcpy(err->msg, msg, len + 1);
    err->status = status;
    err->sys_errno = sys_errno;
    return status;
}

zagg_status zagg_err_context(zagg_err *err, zagg_status status, const char *fmt, ...)
{
    if (err == NULL)
        return status;
    char msg[MSG_BYTES];
    va_list args;
    va_start(args, fmt);
    size_t len = msg_format(msg, fmt, args);
    va_end(args);
    len = msg_append(msg, len, ": ");
    len = msg_append(msg, len, err->msg);
    memcpy(err->msg, msg, len + 1);
    if (err->status == ZAGG_OK)
        err->status = status;
    return err->status;
}
