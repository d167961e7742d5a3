// Loaded before libc: a kernel that takes but a part of what it is given, as it may. With LAST_WRITE=N the program is killed
// when a part of its Nth write was taken, which leaves the rest unwritten.
#define _GNU_SOURCE
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

ssize_t pwrite(int file, const void *bytes, size_t count, off_t offset) {
    static atomic_long writes;
    const long number = atomic_fetch_add(&writes, 1) + 1;
    const size_t part = count < 2 ? count : 1 + (size_t)(number * 7919) % (count - 1);
    const ssize_t taken = syscall(SYS_pwrite64, file, bytes, part, offset);
    const char *last = getenv("LAST_WRITE");
    if (last != NULL && number == atol(last)) kill(getpid(), SIGKILL);
    return taken;
}

ssize_t pwrite64(int file, const void *bytes, size_t count, off_t offset) { return pwrite(file, bytes, count, offset); }
