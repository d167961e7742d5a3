// Clocks: each reading moves time on by one microsecond.
#include "fixed.h"

#include <string.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/times.h>
#include <sys/wait.h>

static const uint64_t glx_second = 1000000;
static uint64_t glx_elapsed;  // microseconds since the program's start

uint64_t glx_now(void) { return __atomic_load_n(&glx_elapsed, __ATOMIC_RELAXED); }

uint64_t glx_tick(void) {
    glx_start();
    return __atomic_add_fetch(&glx_elapsed, 1, __ATOMIC_RELAXED);
}

void glx_reach(uint64_t moment) {
    uint64_t now = glx_now();
    while (now < moment
           && !__atomic_compare_exchange_n(&glx_elapsed, &now, moment, 0, __ATOMIC_RELAXED, __ATOMIC_RELAXED)) {}
}

int glx_is_wall(clockid_t clock) {
    return clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE || clock == CLOCK_TAI
           || clock == CLOCK_REALTIME_ALARM;
}

struct timespec glx_time(uint64_t elapsed, int wall) {
    struct timespec time = {.tv_sec = (time_t)(elapsed / glx_second), .tv_nsec = (long)(elapsed % glx_second) * 1000};
    if (wall) time.tv_sec += glx_origin;
    return time;
}

SHOWN int clock_gettime(clockid_t clock, struct timespec *time) {
    *time = glx_time(glx_tick(), glx_is_wall(clock));
    return 0;
}

SHOWN int gettimeofday(struct timeval *restrict time, void *restrict zone) {
    if (zone) memset(zone, 0, sizeof(struct timezone));
    struct timespec now = glx_time(glx_tick(), 1);
    *time = (struct timeval){.tv_sec = now.tv_sec, .tv_usec = now.tv_nsec / 1000};
    return 0;
}

SHOWN time_t time(time_t *where) {
    time_t now = glx_time(glx_tick(), 1).tv_sec;
    if (where) *where = now;
    return now;
}

SHOWN int timespec_get(struct timespec *time, int base) {
    if (base != TIME_UTC) return 0;
    clock_gettime(CLOCK_REALTIME, time);
    return base;
}

SHOWN clock_t clock(void) { return (clock_t)glx_tick(); }

SHOWN clock_t times(struct tms *usage) {
    clock_t ticks = (clock_t)(glx_tick() / 10000);
    if (usage) *usage = (struct tms){.tms_utime = ticks};
    return ticks;
}

SHOWN int getrusage(__rusage_who_t who, struct rusage *usage) {
    int result = NEXT(getrusage)(who, usage);
    if (result != 0) return result;
    uint64_t now = who == RUSAGE_CHILDREN ? 0 : glx_tick();
    memset(usage, 0, sizeof *usage);
    usage->ru_utime = (struct timeval){.tv_sec = (time_t)(now / glx_second), .tv_usec = (long)(now % glx_second)};
    return 0;
}

SHOWN pid_t wait4(pid_t pid, int *status, int options, struct rusage *usage) {
    pid_t result = NEXT(wait4)(pid, status, options, usage);
    if (usage) memset(usage, 0, sizeof *usage);
    return result;
}
