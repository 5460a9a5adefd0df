#include "cli/cli.h"
int main_check(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    return EXIT_FAILED;
}
