#include "cfg_test.h"

#include <string.h>

zagg_pipeline *must_load(const char *text)
{
    zagg_err err = ZAGG_ERR_INIT;
    zagg_pipeline *p = NULL;
    if (zagg_pipeline_parse(text, strlen(text), "t.yaml", NULL, &p, &err) != ZAGG_OK)
        fail_msg("%s", err.msg);
    return p;
}

void must_refuse(const char *text, const char *message)
{
    zagg_err err = ZAGG_ERR_INIT;
    zagg_pipeline *p = NULL;
    zagg_status status =
        zagg_pipeline_parse(text, strlen(text), "t.yaml", NULL, &p, &err);
    assert_null(p);
    assert_string_equal(err.msg, message);
    assert_int_equal(status, ZAGG_ECONFIG);
}

void must_not_run(const char *text, const char *message)
{
    zagg_err err = ZAGG_ERR_INIT;
    zagg_pipeline *p = must_load(text);
    assert_int_equal(zagg_pipeline_check_runnable(p, &err), ZAGG_ECONFIG);
    assert_string_equal(err.msg, message);
    zagg_pipeline_free(p);
}

void must_run(const char *text)
{
    zagg_err err = ZAGG_ERR_INIT;
    zagg_pipeline *p = must_load(text);
    if (zagg_pipeline_check_runnable(p, &err) != ZAGG_OK)
        fail_msg("%s", err.msg);
    zagg_pipeline_free(p);
}
