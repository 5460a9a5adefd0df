/* Runs over a network with few open files: all is done, or the system's word for it is
 * told. */
#include "net/net_fixture.h"

#include <string.h>

#define STORE "out"

static const net_fixture *fixture_of(void **state)
{
    if (*state == NULL)
        skip();
    return *state;
}

static net_run run_with(const net_fixture *f, int files)
{
    net_remove(f, STORE);
    return net_shell(f, 120, "",
                     "exec 3>&- 4>&- 5>&- 6>&-; ulimit -n %d; zagg run -q "
                     "--config flat.yaml --catalog s3.json --store " STORE
                     " --max-workers 8",
                     files);
}

static void enough(void **state)
{
    const net_fixture *f = fixture_of(state);
    zg_str why;
    zg_str_init(&why, 0);
    net_run run = run_with(f, 64);
    if (run.status != 0)
        fail_msg("exit %d: %s", run.status, run.err);
    if (net_differs(f, "flat", STORE, &why) > 0)
        fail_msg("%s", why.data);
    zg_str_free(&why);
    net_run_free(&run);
}

/* Connections are what lacks first; whatever it is, no run hangs, crashes or leaves rows
 * out unsaid. */
static void too_few(void **state)
{
    const net_fixture *f = fixture_of(state);
    bool told = false;
    for (int files = 8; files <= 24; files++) {
        zg_str why;
        zg_str_init(&why, 0);
        net_run run = run_with(f, files);
        const bool named = strstr(run.err, "open files") != NULL;
        if (run.status < 0 || run.status > 6)
            fail_msg("%d files: exit %d: %s", files, run.status, run.err);
        if (run.status != 0 && !named)
            fail_msg("%d files: exit %d: %s", files, run.status, run.err);
        if (run.status == 0 && net_differs(f, "flat", STORE, &why) > 0)
            fail_msg("%d files:%s", files, why.data);
        told |= named;
        zg_str_free(&why);
        net_run_free(&run);
    }
    assert_true(told);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(enough),
                                       cmocka_unit_test(too_few)};
    return cmocka_run_group_tests(tests, net_new, net_free);
}
