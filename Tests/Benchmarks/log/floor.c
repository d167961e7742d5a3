// The least a durable log can cost: the same bytes written with the same two syncs, and nothing else.
//   floor BATCHES ENTRIES BYTES FILE   writes batches of ENTRIES x BYTES in place in FILE, then one block beside it; prints entries
//                                      a second
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { BLOCK = 4096, SEGMENT = 64 << 20 };

static void fail(const char *what) {
    fprintf(stderr, "floor: %s: %s\n", what, strerror(errno));
    exit(1);
}

static int prepared(const char *path, size_t size) {
    static char zeros[1 << 20];
    int file = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
    if (file < 0) fail(path);
    for (size_t at = 0; at < size; at += sizeof zeros)
        if (pwrite(file, zeros, sizeof zeros, (off_t)at) != (ssize_t)sizeof zeros) fail("pwrite");
    if (fsync(file) != 0) fail("fsync");
    return file;
}

static void durable(int file, const char *bytes, size_t count, off_t at) {
    if (pwrite(file, bytes, count, at) != (ssize_t)count) fail("pwrite");
    if (fdatasync(file) != 0) fail("fdatasync");
}

static double now(void) {
    struct timespec time;
    if (clock_gettime(CLOCK_MONOTONIC, &time) != 0) fail("clock_gettime");
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

int main(int count, char **arguments) {
    if (count != 5) {
        fprintf(stderr, "usage: floor BATCHES ENTRIES BYTES FILE\n");
        return 2;
    }
    long batches = atol(arguments[1]), entries = atol(arguments[2]), bytes = atol(arguments[3]);
    size_t size = (size_t)(entries * bytes);
    if (batches < 1 || size < 1 || size > SEGMENT) {
        fprintf(stderr, "floor: a batch has 1 byte to 64 MiB\n");
        return 2;
    }
    char lock_path[4096];
    snprintf(lock_path, sizeof lock_path, "%s.lock", arguments[4]);
    int journal = prepared(arguments[4], SEGMENT), lock = prepared(lock_path, 1 << 20);
    char *batch = malloc(size), *block = malloc(BLOCK);
    if (batch == NULL || block == NULL) fail("malloc");
    memset(batch, 0xa5, size);
    memset(block, 0x5a, BLOCK);
    off_t at = 0;
    double start = now();
    for (long i = 0; i < batches; i++) {
        if (at + (off_t)size > SEGMENT) at = 0;
        durable(journal, batch, size, at);
        durable(lock, block, BLOCK, (i % 2) * BLOCK);
        at += (off_t)size;
    }
    printf("%.0f\n", (double)(batches * entries) / (now() - start));
    unlink(arguments[4]);
    unlink(lock_path);
    return 0;
}
