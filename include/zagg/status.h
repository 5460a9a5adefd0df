/* Status codes and the caller-owned error context. */
#ifndef ZAGG_STATUS_H
#define ZAGG_STATUS_H

#include <stddef.h>

#if defined(__GNUC__)
#define ZAGG_API __attribute__((visibility("default")))
#define ZAGG_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))
#define ZAGG_CHECKED __attribute__((warn_unused_result))
#else
#define ZAGG_API
#define ZAGG_PRINTF(fmt, args)
#define ZAGG_CHECKED
#endif

#ifdef __cplusplus
extern "C" {
#endif

/** Result of every fallible call; 0 is success. New classes go before ZAGG_STATUS_END. */
typedef enum zagg_status {
    ZAGG_OK = 0,
    ZAGG_EARG,         /* the caller's arguments do not make sense */
    ZAGG_ENOMEM,       /* memory could not be had */
    ZAGG_EIO,          /* the operating system failed a read or a write */
    ZAGG_EHTTP,        /* a server answered with an error */
    ZAGG_EAUTH,        /* credentials missing, wrong or expired */
    ZAGG_ENOTFOUND,    /* file, object, dataset or key does not exist */
    ZAGG_EFORMAT,      /* bytes are not what their format demands */
    ZAGG_EUNSUPPORTED, /* well-formed, but a feature that zagg does not read or write */
    ZAGG_ERANGE,       /* index or value outside its bounds, or over a limit */
    ZAGG_ECONFIG,      /* the pipeline config, shard map or event is not acceptable */
    ZAGG_EEXISTS,      /* something else is already there */
    ZAGG_ECANCELLED,   /* stopped on request */
    ZAGG_EINTERNAL,    /* a defect in zagg */
    ZAGG_STATUS_END
} zagg_status;

/** Error context owned by the caller; every function takes it last and accepts NULL.
 *  Filled where the fault is found; callers prepend where they were ("granule X: ...").
 */
typedef struct zagg_err {
    zagg_status status;
    int sys_errno; /* errno of the failed system call, else 0 */
    char msg[1024];
} zagg_err;

#define ZAGG_ERR_INIT                                                                    \
    {                                                                                    \
        ZAGG_OK, 0,                                                                      \
        {                                                                                \
            0                                                                            \
        }                                                                                \
    }

/** Name of a status class ("io", "format", ...); "unknown" outside the enum. Static text.
 */
ZAGG_API const char *zagg_status_name(zagg_status status);

/** Fill `err` (may be NULL) with a formatted message and return `status`. Text beyond the
 *  buffer is cut at a UTF-8 boundary. Thread-safe for distinct `err`. */
ZAGG_API zagg_status zagg_err_set(zagg_err *err, zagg_status status, const char *fmt, ...)
    ZAGG_PRINTF(3, 4);

/** As zagg_err_set with ": <strerror(sys_errno)>" appended, for common errors what to do
 * about them, and sys_errno recorded. With ENOMEM the status is ZAGG_ENOMEM, whatever was
 * asked for. */
ZAGG_API zagg_status zagg_err_set_errno(zagg_err *err, zagg_status status, int sys_errno,
                                        const char *fmt, ...) ZAGG_PRINTF(4, 5);

/** Prepend "<context>: " to the message of `err` (may be NULL) and return its status, or
 *  `status` where err is NULL. */
ZAGG_API zagg_status zagg_err_context(zagg_err *err, zagg_status status, const char *fmt,
                                      ...) ZAGG_PRINTF(3, 4);

/** Return from the enclosing function with the status of `expr` unless it is ZAGG_OK. */
#define ZAGG_TRY(expr)                                                                   \
    do {                                                                                 \
        zagg_status zagg_try_status_ = (expr);                                           \
        if (zagg_try_status_ != ZAGG_OK)                                                 \
            return zagg_try_status_;                                                     \
    } while (0)

#ifdef __cplusplus
}
#endif
#endif
