// Random numbers: one stream a process, keyed by the seed and the process number.
#include "fixed.h"

#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

static uint64_t glx_drawn;  // words taken from the stream

static uint64_t glx_mix(uint64_t word) {  // the finalizer of SplitMix64
    word = (word ^ (word >> 30)) * 0xbf58476d1ce4e5b9;
    word = (word ^ (word >> 27)) * 0x94d049bb133111eb;
    return word ^ (word >> 31);
}

void glx_fill(void *buffer, size_t length) {
    const uint64_t step = 0x9e3779b97f4a7c15;
    glx_start();
    uint64_t key = glx_mix(glx_seed + step) ^ glx_mix((uint64_t)getpid() * step);
    uint64_t index = __atomic_fetch_add(&glx_drawn, (length + 7) / 8, __ATOMIC_RELAXED);
    unsigned char *bytes = buffer;
    for (size_t offset = 0; offset < length; offset += 8) {
        uint64_t word = glx_mix(key + ++index * step);
        memcpy(bytes + offset, &word, length - offset < 8 ? length - offset : 8);
    }
}

SHOWN ssize_t getrandom(void *buffer, size_t length, unsigned int flags) {
    (void)flags;
    if (length > SSIZE_MAX) length = SSIZE_MAX;
    glx_fill(buffer, length);
    return (ssize_t)length;
}

SHOWN int getentropy(void *buffer, size_t length) {
    if (length > 256) return errno = EIO, -1;
    glx_fill(buffer, length);
    return 0;
}

SHOWN uint32_t arc4random(void) {
    uint32_t number;
    glx_fill(&number, sizeof number);
    return number;
}

SHOWN void arc4random_buf(void *buffer, size_t length) { glx_fill(buffer, length); }

SHOWN uint32_t arc4random_uniform(uint32_t bound) {
    uint32_t number, least = bound ? -bound % bound : 0;
    do number = arc4random();
    while (number < least);
    return bound ? number % bound : 0;
}

// A reader's end of a pipe that holds 64 KiB of the stream and then ends, in place of a random device; -1 with errno.
static int glx_device(int flags) {
    unsigned char bytes[65536];
    int ends[2];
    if (pipe2(ends, flags & O_CLOEXEC) != 0) return -1;
    glx_fill(bytes, sizeof bytes);
    // Never waits: where pipes are smaller than usual, there is less to read.
    fcntl(ends[1], F_SETFL, O_NONBLOCK);
    ssize_t written = write(ends[1], bytes, sizeof bytes);
    close(ends[1]);
    if (written > 0) return ends[0];
    close(ends[0]);
    return errno = EIO, -1;
}

static int glx_is_device(const char *path) {
    return path && (strcmp(path, "/dev/urandom") == 0 || strcmp(path, "/dev/random") == 0);
}

// Opens a path by the next function of that name, unless it is a random device that is only read.
#define OPEN(name, ...)                                                                                                \
    va_list list;                                                                                                      \
    va_start(list, flags);                                                                                             \
    mode_t mode = flags & (O_CREAT | __O_TMPFILE) ? va_arg(list, mode_t) : 0;                                          \
    va_end(list);                                                                                                      \
    if (glx_is_device(path) && (flags & O_ACCMODE) == O_RDONLY) return glx_device(flags);                              \
    return NEXT(name)(__VA_ARGS__, flags, mode)

SHOWN int open(const char *path, int flags, ...) { OPEN(open, path); }

SHOWN int open64(const char *path, int flags, ...) { OPEN(open64, path); }

SHOWN int openat(int base, const char *path, int flags, ...) { OPEN(openat, base, path); }

SHOWN int openat64(int base, const char *path, int flags, ...) { OPEN(openat64, base, path); }

static FILE *glx_stream(const char *mode) {
    int file = glx_device(strchr(mode, 'e') ? O_CLOEXEC : 0);
    return file < 0 ? NULL : fdopen(file, mode);
}

SHOWN FILE *fopen(const char *restrict path, const char *restrict mode) {
    return glx_is_device(path) && mode[0] == 'r' && !strchr(mode, '+') ? glx_stream(mode) : NEXT(fopen)(path, mode);
}

SHOWN FILE *fopen64(const char *restrict path, const char *restrict mode) {
    return glx_is_device(path) && mode[0] == 'r' && !strchr(mode, '+') ? glx_stream(mode) : NEXT(fopen64)(path, mode);
}
