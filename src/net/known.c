/* Versions of objects: asked for, compared, and read without asking again. Local copies
 * go on with the version that they were begun with. */
#include "io/source.h"
#include "net/source.h"

#include <string.h>

void zg_version_free(zg_version *version)
{
    zg_free(version->tag);
    version->tag = NULL;
}

static zagg_status copy_version(const zg_remote *r, zg_version *out, zagg_err *err)
{
    const char *tag = r->etag != NULL ? r->etag : r->modified;
    zg_version v = {r->size, zg_strdup(tag != NULL ? tag : ""),
                    r->etag == NULL && tag != NULL};
    if (v.tag == NULL)
        return zagg_err_set(err, ZAGG_ENOMEM, "%s: no memory to read it", r->name);
    *out = v;
    return ZAGG_OK;
}

zagg_status zg_net_source_version(const zagg_source *source, zg_version *out,
                                  zagg_err *err)
{
    return copy_version(source->self, out, err);
}

zagg_status zg_net_ask_version(zagg_net *net, const char *url, zg_version *out,
                               zagg_err *err)
{
    zg_remote *r = NULL;
    ZAGG_TRY(zg_remote_new(net, url, &r, err));
    zagg_status status = zg_remote_read_head(r, 1, err);
    if (status == ZAGG_OK)
        status = copy_version(r, out, err);
    zg_remote_close(r);
    return status;
}

zagg_status zg_net_open_version(zagg_net *net, const char *url, const zg_version *version,
                                zagg_source **out, zagg_err *err)
{
    zg_remote *r = NULL;
    ZAGG_TRY(zg_remote_new(net, url, &r, err));
    char **tag = version->is_date ? &r->modified : &r->etag;
    r->size = version->size;
    r->opened = true;
    if (version->tag[0] != '\0' && (*tag = zg_strdup(version->tag)) == NULL) {
        zg_remote_close(r);
        return zagg_err_set(err, ZAGG_ENOMEM, "%s: no memory to open it", url);
    }
    return zg_remote_source(r, out, err);
}
