#include "view/granules.h"
zagg_status zg_view_catalog(const char *path, const zg_view_opts *opts, zg_scene **out,
                            zagg_err *err)
{ (void)opts; (void)out; return zagg_err_set(err, ZAGG_EUNSUPPORTED, "%s: not yet", path); }
zagg_status zg_view_store(const zagg_store *store, const zg_view_opts *opts,
                          zg_scene **out, zagg_err *err)
{ (void)store; (void)opts; (void)out; return zagg_err_set(err, ZAGG_EUNSUPPORTED, "not yet"); }
zagg_status zg_view_png(const zg_scene *scene, FILE *file, zagg_err *err)
{ (void)scene; (void)file; return zagg_err_set(err, ZAGG_EUNSUPPORTED, "not yet"); }
