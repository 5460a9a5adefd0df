/* Either kind of lock. */
#include "run/hold.h"

#include "io/lock.h"
#include "run/lease.h"
#include "run/status_dir.h"

#include <stdio.h>
#include <unistd.h>

struct zg_hold {
    zg_lock *lock; /* one of the two */
    zg_lease *lease;
};

static zagg_status take_lock(zg_hold *h, const char *path, const zg_hold_opts *opts,
                             char *holder, size_t holder_len, zagg_err *err)
{
    char note[256];
    ZAGG_TRY(zg_lock_take(path, &h->lock, holder, holder_len, err));
    (void)snprintf(note, sizeof note, "process %ld on %s, run %s\n", (long)getpid(),
                   opts->host, opts->run_id);
    return zg_lock_note(h->lock, note, err);
}

zagg_status zg_hold_take(const zg_hold_opts *opts, zg_hold **out, char *holder,
                         size_t holder_len, zagg_err *err)
{
    char *path = NULL;
    zg_hold *h = zg_alloc(1, sizeof *h);
    holder[0] = '\0';
    if (h == NULL)
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory for a lock");
    const zg_lease_opts lease = {.sink = opts->status,
                                 .key = ZG_LOCK,
                                 .run_id = opts->run_id,
                                 .host = opts->host,
                                 .log = opts->log};
    zagg_status status = zg_sink_local_path(opts->status, ZG_LOCK, &path, err);
    if (status == ZAGG_OK)
        status = path != NULL ? take_lock(h, path, opts, holder, holder_len, err)
                              : zg_lease_take(&lease, &h->lease, holder, holder_len, err);
    zg_free(path);
    if (status != ZAGG_OK) {
        zg_hold_release(h);
        return status;
    }
    *out = h;
    return ZAGG_OK;
}

zagg_status zg_hold_store(const zg_hold_opts *opts, const char *store, zg_hold **out,
                          zagg_err *err)
{
    char holder[256];
    zagg_err why = ZAGG_ERR_INIT;
    const zagg_status status = zg_hold_take(opts, out, holder, sizeof holder, &why);
    if (status == ZAGG_EEXISTS)
        return zagg_err_set(err, ZAGG_EEXISTS,
                            "store %s: another run is writing into it (%s); wait for it "
                            "or stop it",
                            store, holder[0] ? holder : "it does not say which");
    if (status == ZAGG_EUNSUPPORTED) {
        zagg_log_write(opts->log, ZAGG_LOG_WARN,
                       "%s; two runs into this store will not notice each other",
                       why.msg);
        return ZAGG_OK;
    }
    if (status != ZAGG_OK && err != NULL)
        *err = why;
    return status;
}

zagg_status zg_hold_check(zg_hold *hold, zagg_err *err)
{
    return hold != NULL && hold->lease != NULL ? zg_lease_check(hold->lease, err)
                                               : ZAGG_OK;
}

void zg_hold_set_tick(zg_hold *hold, void (*tick)(void *user), void *user)
{
    if (hold != NULL && hold->lease != NULL)
        zg_lease_set_tick(hold->lease, tick, user);
}

void zg_hold_release(zg_hold *hold)
{
    if (hold == NULL)
        return;
    zg_lock_release(hold->lock);
    zg_lease_release(hold->lease);
    zg_free(hold);
}

zagg_status zg_hold_probe(zagg_sink *status, bool *held, char *holder, size_t holder_len,
                          zagg_err *err)
{
    char *path = NULL;
    ZAGG_TRY(zg_sink_local_path(status, ZG_LOCK, &path, err));
    const zagg_status rc =
        path != NULL ? zg_lock_probe(path, held, holder, holder_len, err)
                     : zg_lease_probe(status, ZG_LOCK, held, holder, holder_len, err);
    zg_free(path);
    return rc;
}
