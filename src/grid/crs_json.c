/* PROJJSON, as PROJ writes it. */
#include "grid/crs_json.h"

#include "base/base.h"
#include "grid/crs.h"
#include "grid/proj_context.h"

zagg_status zg_crs_json(const char *crs, char **out, zagg_err *err)
{
    static const char *const OPTIONS[] = {"MULTILINE=NO", NULL};
    zg_crs_known known;
    zg_proj_context context;
    char shown[96];
    ZAGG_TRY(zg_crs_check_text(crs, err));
    const bool own = zg_crs_find_known(crs, &known);
    char *text = own ? zg_crs_known_wkt(&known) : zg_crs_id(crs);
    if (text == NULL)
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory to describe a CRS");
    zagg_status status = ZAGG_OK;
    if (zg_proj_context_init(&context, !own)) {
        PJ *object = zg_proj_horizontal(context.ctx, proj_create(context.ctx, text));
        const char *json =
            object != NULL ? proj_as_projjson(context.ctx, object, OPTIONS) : NULL;
        char *copy = json != NULL ? zg_strdup(json) : NULL;
        if (copy != NULL)
            *out = copy;
        else if (json != NULL)
            status = zagg_err_set(err, ZAGG_ENOMEM, "no memory to describe a CRS");
        else
            status = zagg_err_set(err, ZAGG_EUNSUPPORTED,
                                  "'%s' cannot be written as PROJJSON (%s)",
                                  zg_crs_shown(crs, shown), context.reason);
        (void)proj_destroy(object);
    } else {
        status = zagg_err_set(err, ZAGG_ENOMEM, "no memory to describe a CRS");
    }
    zg_proj_context_end(&context);
    zg_free(text);
    return status;
}
