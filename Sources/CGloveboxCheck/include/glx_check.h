/*
 * What the checker needs and the Swift runtime cannot give where /proc is missing: its own arguments, which the runtime
 * finds through /proc/self/maps, and silence about the crash reporter, which it finds through /proc/self/exe.
 */
#ifndef GLX_CHECK_H
#define GLX_CHECK_H

#include <stdint.h>

/* The number of arguments after the program name. */
int32_t glx_check_argument_count(void);

/* Argument number `index`, from 0, as a decimal number of at most nine digits; -1 if it is none or anything else. */
int32_t glx_check_argument(int32_t index);

#endif
