/* The group reads of golden/read from files. */
#include "golden/read_cases.h"
#include "support/support.h"

static void from_files(void **state)
{
    (void)state;
    check_read_cases("read");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(from_files)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
