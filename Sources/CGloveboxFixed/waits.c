// Sleeps and waits: as long as asked, then the clock moves on by as much.
#include "fixed.h"

#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <unistd.h>

static const uint64_t glx_second = 1000000;

static uint64_t glx_micros(const struct timespec *time) {
    if (time->tv_sec < 0) return 0;
    return (uint64_t)time->tv_sec * glx_second + (uint64_t)(time->tv_nsec + 999) / 1000;
}

// The moment a deadline names, in microseconds since the program's start. The two kinds of clock lie decades apart, so
// the nearer one is meant where a caller's clock is not told.
static uint64_t glx_deadline(const struct timespec *deadline, int wall) {
    struct timespec time = *deadline;
    if (wall) time.tv_sec -= glx_origin;
    return glx_micros(&time);
}

// The same wait on the kernel's own monotonic clock.
static struct timespec glx_kernel(uint64_t moment) {
    struct timespec time;
    uint64_t now = glx_now(), left = moment > now ? moment - now : 0;
    NEXT(clock_gettime)(CLOCK_MONOTONIC, &time);
    time.tv_sec += (time_t)(left / glx_second);
    time.tv_nsec += (long)(left % glx_second) * 1000;
    if (time.tv_nsec >= 1000000000) {
        time.tv_nsec -= 1000000000;
        time.tv_sec++;
    }
    return time;
}

SHOWN int clock_nanosleep(clockid_t clock, int flags, const struct timespec *length, struct timespec *left) {
    uint64_t moment = flags & TIMER_ABSTIME ? glx_deadline(length, glx_is_wall(clock)) : glx_now() + glx_micros(length);
    struct timespec kernel = glx_kernel(moment), now;
    int error = NEXT(clock_nanosleep)(CLOCK_MONOTONIC, TIMER_ABSTIME, &kernel, NULL);
    if (error == 0) glx_reach(moment);
    if (error == EINTR && left && !(flags & TIMER_ABSTIME)) {
        NEXT(clock_gettime)(CLOCK_MONOTONIC, &now);
        int64_t nanos = (int64_t)(kernel.tv_sec - now.tv_sec) * 1000000000 + kernel.tv_nsec - now.tv_nsec;
        if (nanos < 0) nanos = 0;
        *left = (struct timespec){.tv_sec = nanos / 1000000000, .tv_nsec = nanos % 1000000000};
    }
    return error;
}

SHOWN int nanosleep(const struct timespec *length, struct timespec *left) {
    if (length->tv_sec < 0 || length->tv_nsec < 0 || length->tv_nsec > 999999999) return errno = EINVAL, -1;
    int error = clock_nanosleep(CLOCK_MONOTONIC, 0, length, left);
    if (error == 0) return 0;
    errno = error;
    return -1;
}

SHOWN int usleep(useconds_t micros) {
    struct timespec length = glx_time(micros, 0);
    return nanosleep(&length, NULL);
}

SHOWN unsigned int sleep(unsigned int seconds) {
    struct timespec length = {.tv_sec = seconds}, left = {0};
    return nanosleep(&length, &left) == 0 ? 0 : (unsigned int)left.tv_sec + (left.tv_nsec > 0);
}

// What a wait did to the clock: nothing happened for as long as it might take.
static int glx_waited(int result, uint64_t start, uint64_t micros) {
    if (result == 0) glx_reach(start + micros);
    return result;
}

SHOWN int poll(struct pollfd *files, nfds_t count, int timeout) {
    uint64_t start = glx_now();
    int result = NEXT(poll)(files, count, timeout);
    return timeout > 0 ? glx_waited(result, start, (uint64_t)timeout * 1000) : result;
}

SHOWN int ppoll(struct pollfd *files, nfds_t count, const struct timespec *timeout, const sigset_t *mask) {
    uint64_t start = glx_now();
    int result = NEXT(ppoll)(files, count, timeout, mask);
    return timeout ? glx_waited(result, start, glx_micros(timeout)) : result;
}

SHOWN int select(int count, fd_set *in, fd_set *out, fd_set *other, struct timeval *timeout) {
    uint64_t start = glx_now();
    uint64_t micros = timeout ? (uint64_t)timeout->tv_sec * glx_second + (uint64_t)timeout->tv_usec : 0;
    int result = NEXT(select)(count, in, out, other, timeout);
    return timeout ? glx_waited(result, start, micros) : result;
}

SHOWN int pselect(
    int count, fd_set *in, fd_set *out, fd_set *other, const struct timespec *timeout, const sigset_t *mask
) {
    uint64_t start = glx_now();
    int result = NEXT(pselect)(count, in, out, other, timeout, mask);
    return timeout ? glx_waited(result, start, glx_micros(timeout)) : result;
}

SHOWN int epoll_wait(int file, struct epoll_event *events, int count, int timeout) {
    uint64_t start = glx_now();
    int result = NEXT(epoll_wait)(file, events, count, timeout);
    return timeout > 0 ? glx_waited(result, start, (uint64_t)timeout * 1000) : result;
}

SHOWN int epoll_pwait(int file, struct epoll_event *events, int count, int timeout, const sigset_t *mask) {
    uint64_t start = glx_now();
    int result = NEXT(epoll_pwait)(file, events, count, timeout, mask);
    return timeout > 0 ? glx_waited(result, start, (uint64_t)timeout * 1000) : result;
}

SHOWN int sem_clockwait(sem_t *semaphore, clockid_t clock, const struct timespec *deadline) {
    uint64_t moment = glx_deadline(deadline, glx_is_wall(clock));
    struct timespec kernel = glx_kernel(moment);
    int result = NEXT(sem_clockwait)(semaphore, CLOCK_MONOTONIC, &kernel);
    if (result != 0 && errno == ETIMEDOUT) glx_reach(moment);
    return result;
}

SHOWN int sem_timedwait(sem_t *semaphore, const struct timespec *deadline) {
    return sem_clockwait(semaphore, CLOCK_REALTIME, deadline);
}

SHOWN int pthread_cond_clockwait(
    pthread_cond_t *condition, pthread_mutex_t *mutex, clockid_t clock, const struct timespec *deadline
) {
    uint64_t moment = glx_deadline(deadline, glx_is_wall(clock));
    struct timespec kernel = glx_kernel(moment);
    int error = NEXT(pthread_cond_clockwait)(condition, mutex, CLOCK_MONOTONIC, &kernel);
    if (error == ETIMEDOUT) glx_reach(moment);
    return error;
}

SHOWN int pthread_cond_timedwait(pthread_cond_t *condition, pthread_mutex_t *mutex, const struct timespec *deadline) {
    // The condition knows its clock and does not tell.
    clockid_t clock = deadline->tv_sec >= glx_origin / 2 ? CLOCK_REALTIME : CLOCK_MONOTONIC;
    return pthread_cond_clockwait(condition, mutex, clock, deadline);
}
