// The least a durable log with waiting writers can cost: a group commit of the same bytes with the same syncs, and nothing else.
//   floor WRITERS ENTRIES BYTES FILE   threads hand over ENTRIES x BYTES and wait for each; prints entries and batches a second
//
// Who comes first leads: it takes what all have handed over, writes it in place in FILE and syncs, writes a block beside it
// and syncs, and wakes all whose bytes are in it with one call. While it syncs, the others' next bytes gather. Nothing is made,
// hashed, sealed, signed or published.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { BLOCK = 4096, SEGMENT = 64 << 20, MOST = 256 };

static void fail(const char *what) {
    fprintf(stderr, "floor: %s: %s\n", what, strerror(errno));
    exit(1);
}

// The batch that is gathering, and the one that is written.
static struct batch {
    char *bytes;
    long entries;
    // The number of the last batch here that is durable; whose batch it is sleeps on it.
    _Atomic uint32_t done;
} batches[2];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
// The number of the batch that is gathering; the lowest bit says where.
static uint32_t gathering = 2;
static int is_led, journal, sign_lock;
static off_t at;
static long entry_bytes, entries_left, batches_done;
static const char *entry;

static int prepared(const char *path, size_t size) {
    static char zeros[1 << 20];
    int file = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
    if (file < 0) fail(path);
    for (size_t done = 0; done < size; done += sizeof zeros)
        if (pwrite(file, zeros, sizeof zeros, (off_t)done) != (ssize_t)sizeof zeros) fail("pwrite");
    if (fsync(file) != 0) fail("fsync");
    return file;
}

static void durable(int file, const char *bytes, size_t count, off_t offset) {
    if (pwrite(file, bytes, count, offset) != (ssize_t)count) fail("pwrite");
    if (fdatasync(file) != 0) fail("fdatasync");
}

static void wait_while(_Atomic uint32_t *word, uint32_t value) {
    syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, value, NULL, NULL, 0);
}

static void wake(_Atomic uint32_t *word, int count) {
    syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, count, NULL, NULL, 0);
}

// Writes the batch that is gathering; the lock is held before and after.
static void lead(void) {
    static char block[BLOCK] = {0x5a};
    struct batch *batch = &batches[gathering & 1];
    uint32_t number = gathering++;
    pthread_mutex_unlock(&lock);
    size_t size = (size_t)(batch->entries * entry_bytes);
    if (at + (off_t)size > SEGMENT) at = 0;
    durable(journal, batch->bytes, size, at);
    at += (off_t)size;
    durable(sign_lock, block, BLOCK, (number & 1) * BLOCK);
    pthread_mutex_lock(&lock);
    batch->entries = 0;
    batches_done++;
    atomic_store(&batch->done, number);
}

static void *writer(void *argument) {
    (void)argument;
    pthread_mutex_lock(&lock);
    while (entries_left > 0) {
        entries_left--;
        struct batch *batch = &batches[gathering & 1];
        uint32_t number = gathering;
        memcpy(batch->bytes + batch->entries++ * entry_bytes, entry, (size_t)entry_bytes);
        for (;;) {
            if ((int32_t)(atomic_load(&batch->done) - number) >= 0) break;
            if (!is_led) {
                // Everything before is durable, so this batch is the one that gathers.
                is_led = 1;
                lead();
                is_led = 0;
                pthread_mutex_unlock(&lock);
                wake(&batch->done, INT32_MAX);
                // One of the next batch leads it.
                wake(&batches[(number + 1) & 1].done, 1);
                pthread_mutex_lock(&lock);
                break;
            }
            uint32_t seen = atomic_load(&batch->done);
            pthread_mutex_unlock(&lock);
            wait_while(&batch->done, seen);
            pthread_mutex_lock(&lock);
        }
    }
    pthread_mutex_unlock(&lock);
    return NULL;
}

static double now(void) {
    struct timespec time;
    if (clock_gettime(CLOCK_MONOTONIC, &time) != 0) fail("clock_gettime");
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

int main(int count, char **arguments) {
    if (count != 5) {
        fprintf(stderr, "usage: floor WRITERS ENTRIES BYTES FILE\n");
        return 2;
    }
    long writers = atol(arguments[1]), entries = atol(arguments[2]);
    entry_bytes = atol(arguments[3]);
    if (writers < 1 || writers > MOST || entries < 1 || entry_bytes < 1 || entry_bytes > SEGMENT / MOST) {
        fprintf(stderr, "floor: 1 to %d writers, entries of 1 to %d bytes\n", MOST, SEGMENT / MOST);
        return 2;
    }
    char lock_path[4096];
    snprintf(lock_path, sizeof lock_path, "%s.lock", arguments[4]);
    journal = prepared(arguments[4], SEGMENT), sign_lock = prepared(lock_path, 1 << 20);
    char *made = malloc((size_t)entry_bytes);
    for (int place = 0; place < 2; place++) {
        batches[place].bytes = malloc((size_t)(writers * entry_bytes));
        if (made == NULL || batches[place].bytes == NULL) fail("malloc");
    }
    memset(made, 0xa5, (size_t)entry_bytes);
    entry = made;
    entries_left = entries;
    pthread_t threads[MOST];
    double start = now();
    for (long i = 0; i < writers; i++)
        if (pthread_create(&threads[i], NULL, writer, NULL) != 0) fail("pthread_create");
    for (long i = 0; i < writers; i++) pthread_join(threads[i], NULL);
    double seconds = now() - start;
    printf("%.0f %.0f\n", (double)entries / seconds, (double)batches_done / seconds);
    unlink(arguments[4]);
    unlink(lock_path);
    return 0;
}
