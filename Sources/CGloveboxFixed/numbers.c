// Calls by number, as libraries make them that want to work with an old libc.
#include "fixed.h"

#include <stdarg.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

SHOWN long syscall(long number, ...) {
    va_list list;
    long words[6];
    va_start(list, number);
    for (int index = 0; index < 6; index++) words[index] = va_arg(list, long);
    va_end(list);
    switch (number) {
    case SYS_getrandom: return getrandom((void *)words[0], (size_t)words[1], (unsigned int)words[2]);
    case SYS_clock_gettime: return clock_gettime((clockid_t)words[0], (struct timespec *)words[1]);
    case SYS_gettimeofday: return gettimeofday((struct timeval *)words[0], (void *)words[1]);
#ifdef SYS_time
    case SYS_time: return time((time_t *)words[0]);
#endif
    default: return NEXT(syscall)(number, words[0], words[1], words[2], words[3], words[4], words[5]);
    }
}
