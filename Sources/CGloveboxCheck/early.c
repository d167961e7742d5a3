#include "glx_check.h"
#include <stdlib.h>

static int argument_count;
static char **arguments;

/* Constructors with a priority run before those of the Swift runtime; glibc gives them the arguments of main. */
__attribute__((constructor(101))) static void glx_check_early(int argc, char **argv)
{
    argument_count = argc;
    arguments = argv;
    setenv("SWIFT_BACKTRACE", "enable=no,swift-backtrace=/none", 1);
}

int32_t glx_check_argument_count(void)
{
    return argument_count > 0 ? argument_count - 1 : 0;
}

int32_t glx_check_argument(int32_t index)
{
    if (index < 0 || index >= glx_check_argument_count())
        return -1;
    const char *text = arguments[index + 1];
    int32_t value = 0;
    int digits = 0;
    for (; text[digits] != '\0'; digits++) {
        if (digits == 9 || text[digits] < '0' || text[digits] > '9')
            return -1;
        value = value * 10 + (text[digits] - '0');
    }
    return digits > 0 ? value : -1;
}
