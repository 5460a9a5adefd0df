/* Golden set reducers.json: every reducer, type and size against numpy, bit for bit. */
#include "golden/reducer_cases.h"

static void test_reducers(void **state)
{
    (void)state;
    if (!golden_available("reducers.json"))
        return;
    case_report report = {.set = "reducers"};
    run_reducer_cases(&report, golden_path("reducers.json"));
    report_end(&report, 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_reducers)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
