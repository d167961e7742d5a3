// What the parts of the shim share; nothing of it is seen outside.
#pragma once
#define _GNU_SOURCE
#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "glovebox_fixed.h"

// The function of that name which this one stands in for.
#define NEXT(name)                                                                                                     \
    ({                                                                                                                 \
        static __typeof__(&name) next;                                                                                 \
        if (!next) next = (__typeof__(&name))glx_next(#name);                                                          \
        next;                                                                                                          \
    })

// Ours shown to programs; all else stays hidden.
#define SHOWN __attribute__((visibility("default")))

extern uint64_t glx_seed;
extern int64_t glx_origin;  // what the clock shows at the start, in seconds since 1970

// The next function of that name in the program's search order.
void *glx_next(const char *name);

// Reads the two variables once.
void glx_start(void);

// Microseconds since the program's start.
uint64_t glx_now(void);

// The same after one reading more.
uint64_t glx_tick(void);

// Moves time on to that moment; never back, so that sleeps side by side count once.
void glx_reach(uint64_t moment);

// Whether a clock counts from 1970.
int glx_is_wall(clockid_t clock);

// What a clock shows at that moment.
struct timespec glx_time(uint64_t elapsed, int wall);

// Fills a buffer from the process's random stream.
void glx_fill(void *buffer, size_t length);
