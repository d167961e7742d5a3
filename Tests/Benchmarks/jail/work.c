// What the measured jails run: nothing, or one of the things that show what a jail costs. Built static.
//
// usage: work            ends at once
//        work stamp      prints the time of day in nanoseconds, and ends
//        work compute    prints how many nanoseconds a fixed computation took
//        work pause      stays until it is killed
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static int64_t now(clockid_t clock) {
    struct timespec time;
    clock_gettime(clock, &time);
    return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

static void compute(void) {
    int64_t start = now(CLOCK_MONOTONIC);
    volatile uint64_t state = 88172645463325252u;
    for (int round = 0; round < 150000000; round++) {
        uint64_t x = state;
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        state = x;
    }
    printf("%lld\n", (long long)(now(CLOCK_MONOTONIC) - start));
}

int main(int count, char **arguments) {
    if (count < 2) return 0;
    if (!strcmp(arguments[1], "stamp")) printf("%lld\n", (long long)now(CLOCK_REALTIME));
    else if (!strcmp(arguments[1], "compute")) compute();
    else if (!strcmp(arguments[1], "pause")) pause();
    else return 2;
}
