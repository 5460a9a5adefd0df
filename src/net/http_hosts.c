/* How many transfers may run to each host. One that says that it is asked too much (429,
 * 503) gets half as many, and one more with every good answer. */
#include "net/http_impl.h"

enum { MANY_HOSTS = 64, NARROWEST = 2 };

static bool is_idle(const zg_hosts *hosts, const zg_host *host)
{
    return host->users == 0 && host->window == hosts->most;
}

/* Hosts that nothing is known of and nothing is asked of. */
static void drop_idle(zg_hosts *hosts)
{
    for (zg_host **at = &hosts->first; *at;) {
        zg_host *host = *at;
        if (!is_idle(hosts, host)) {
            at = &host->next;
            continue;
        }
        *at = host->next;
        zg_free(host);
        hosts->n--;
    }
}

zg_host *zg_hosts_take(zg_hosts *hosts, const zg_origin *origin)
{
    zg_host *host = hosts->first;
    while (host && !zg_origin_equal(&host->origin, origin))
        host = host->next;
    if (host == NULL) {
        if (hosts->n >= MANY_HOSTS)
            drop_idle(hosts);
        host = zg_alloc(1, sizeof *host);
        if (host == NULL)
            return NULL;
        host->origin = *origin;
        host->window = hosts->most;
        host->next = hosts->first;
        hosts->first = host;
        hosts->n++;
    }
    host->users++;
    return host;
}

void zg_hosts_give(zg_hosts *hosts, zg_host *host)
{
    (void)hosts;
    host->users--;
}

void zg_host_answered(const zg_hosts *hosts, zg_host *host, long status, double begun)
{
    if (status == 429 || status == 503) {
        if (begun < host->narrowed)
            return;
        size_t now = host->running < host->window ? host->running : host->window;
        host->window = now / 2 < NARROWEST ? NARROWEST : now / 2;
        host->narrowed = zg_clock_mono_s();
    } else if (status >= 200 && status < 400 && host->window < hosts->most) {
        host->window++;
    }
}

void zg_hosts_free(zg_hosts *hosts)
{
    while (hosts->first) {
        zg_host *host = hosts->first;
        hosts->first = host->next;
        zg_free(host);
    }
    hosts->n = 0;
}
