#include "h5_test.h"
int main(void)
{
    return 0;
}
