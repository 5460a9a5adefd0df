#include "grid/crs_json.h"

#include "base/base.h"
#include "grid/crs.h"
#include "grid/proj_context.h"

static zagg_status write_json(zg_proj_context *context, const char *text, const char *crs,
                              char **out, zagg_err *err)
{
    static const char *const OPTIONS[] = {"MULTILINE=NO", NULL};
    char shown[96];
    PJ *object = zg_libproj.create(context->ctx, text);
    const char *json =
        object != NULL ? zg_libproj.as_projjson(context->ctx, object, OPTIONS) : NULL;
    *out = json != NULL ? zg_strdup(json) : NULL;
    if (object != NULL)
        (void)zg_libproj.destroy(object);
    if (*out != NULL)
        return ZAGG_OK;
    return json != NULL ? zagg_err_set(err, ZAGG_ENOMEM, "no memory to describe a CRS")
                        : zagg_err_set(err, ZAGG_EUNSUPPORTED,
                                       "crs: '%s' cannot be written as JSON by PROJ",
                                       zg_crs_shown(crs, shown));
}

zagg_status zg_crs_json(const char *crs, char **out, zagg_err *err)
{
    zg_crs_known known;
    zg_proj_context context;
    const bool own = zg_crs_find_known(crs, &known);
    ZAGG_TRY(zg_crs_check_text(crs, err));
    ZAGG_TRY(zg_proj_load(err));
    char *text = own ? zg_crs_known_wkt(&known) : zg_crs_id(crs);
    if (text == NULL || !zg_proj_context_init(&context, !own)) {
        zg_free(text);
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory to describe a CRS");
    }
    const zagg_status status = write_json(&context, text, crs, out, err);
    zg_proj_context_end(&context);
    zg_free(text);
    return status;
}
