/// Objects of the host's IPC, and the ways two jails could talk through what they share.
#include "victim.h"

#include <mqueue.h>
#include <poll.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/uio.h>

VICTIM(shared_memory, plain, "System V shared memory of the host") {
    expect_refused(shmget(HOST_KEY, 0, 0), "found the host's");
}
VICTIM(semaphore, plain, "System V semaphores of the host") { expect_refused(semget(HOST_KEY, 0, 0), "found the host's"); }
VICTIM(message_queue, plain, "System V message queues of the host") {
    expect_refused(msgget(HOST_KEY, 0), "found the host's");
}
VICTIM(posix_queue, plain, "POSIX message queues of the host") {
    expect_refused(mq_open(HOST_NAME, O_RDONLY), "found the host's");
}
VICTIM(posix_memory, plain, "POSIX shared memory of the host") {
    expect_refused(shm_open(HOST_NAME, O_RDONLY, 0), "found the host's");
}

static _Noreturn void expect_unlocked(int file) {
    if (file < 0) refused();
    if (flock(file, LOCK_SH | LOCK_NB) == 0) blocked("nobody else's lock shows");
    if (errno == EWOULDBLOCK) escaped("a lock that the host holds shows");
    refused();
}

VICTIM(lock_on_root, plain, "a lock on a file of the root, seen by the host and by other jails") {
    expect_unlocked(open(under("/etc/locked"), O_RDONLY));
}
VICTIM(shown_socket, plain, "a connection to a host's socket in a directory that is shown") {
    const char *path = shown("/host.socket");
    connect_unix(path, strlen(path) + 1);
}
VICTIM(shown_fifo, plain, "a process of the host at the other end of a FIFO in a directory that is shown") {
    char byte;
    int file = open(shown("/host.fifo"), O_RDONLY | O_NONBLOCK);
    if (file < 0) refused();
    if (read(file, &byte, 1) == 0) blocked("nobody is at the other end");
    if (errno == EAGAIN) escaped("a process of the host holds the other end");
    refused();
}
VICTIM(shown_lock, plain, "a lock that the host holds on a file in a directory that is shown") {
    expect_unlocked(open(shown("/locked"), O_RDONLY));
}
VICTIM(shown_lock_of_file, plain, "a lock that the host holds on a file that is shown alone") {
    expect_unlocked(open(is_control() ? shown("/locked") : "/shown-file", O_RDONLY));
}
VICTIM(lock_on_device, plain, "a lock on /dev/full, seen by the host and by other jails") {
    expect_unlocked(open("/dev/full", O_RDONLY));
}
static _Noreturn void expect_no_range(int file, int kind) {
    struct flock range = {.l_type = kind, .l_whence = SEEK_SET, .l_start = HOST_OFFSET, .l_len = 1};
    if (file < 0 || fcntl(file, F_GETLK, &range) < 0) refused();
    if (range.l_type != F_UNLCK) escaped("a lock that the host holds shows");
    blocked("nobody else's lock shows");
}

static _Noreturn void expect_no_event(const char *path) {
    int events = inotify_init1(IN_CLOEXEC);
    if (events < 0 || inotify_add_watch(events, path, IN_OPEN | IN_ACCESS) < 0) refused();
    struct pollfd wait = {.fd = events, .events = POLLIN};
    if (poll(&wait, 1, 200) > 0) escaped("it sees the host open the file");
    blocked("no event");
}

VICTIM(range_lock_on_device, plain, "a lock of one byte of /dev/null, seen by the host and by other jails") {
    expect_no_range(open("/dev/null", O_RDWR), F_WRLCK);
}
VICTIM(shown_range_lock, plain, "a lock of one byte that the host holds on a file in a directory that is shown") {
    expect_no_range(open(shown("/range"), O_RDONLY), F_RDLCK);
}

VICTIM(watch_root, plain, "watching a file of the root that the host reads (inotify)") {
    expect_no_event(under("/etc/watched/file"));
}
VICTIM(shown_watch, plain, "watching a file of a directory that is shown, which the host reads (inotify)") {
    expect_no_event(shown("/watched"));
}
VICTIM(watch_device, plain, "watching /dev/zero, which the host opens (inotify)") { expect_no_event("/dev/zero"); }

static volatile sig_atomic_t noticed;
static void notice(int signal) { noticed = signal; }

VICTIM(watch_directory, plain, "watching a directory of the root the old way (dnotify)") {
    signal(SIGIO, notice);
    int directory = open(under("/etc/watched"), O_RDONLY | O_DIRECTORY);
    if (directory < 0 || fcntl(directory, F_NOTIFY, DN_ACCESS | DN_MULTISHOT) < 0) refused();
    usleep(200000);
    if (noticed) escaped("it sees the host read a file");
    blocked("no event");
}

VICTIM(lease, plain, "a lease on a file of the root, which makes others wait") {
    int file = open(under("/etc/hosts"), O_RDONLY);
    if (file < 0) refused();
    expect_refused(fcntl(file, F_SETLEASE, F_RDLCK), "taken");
}

VICTIM(access_time, plain, "leaving the time of its read on a file of the root (judged on the host's file)") {
    char byte;
    int file = open(under("/etc/accessed"), O_RDONLY);
    if (file >= 0 && read(file, &byte, 1) == 1) puts("read");
}

VICTIM(page_cache_read, plain, "whether a file of the root is in memory, by a read that may not wait") {
    char byte;
    struct iovec part = {&byte, 1};
    int file = open(under("/etc/hosts"), O_RDONLY);
    if (file < 0) refused();
    expect_refused(syscall(SYS_preadv2, file, &part, 1, 0, 0, 8 /* RWF_NOWAIT */), "it answers");
}

VICTIM(page_cache_mincore, plain, "whether pages of a file of the root are in memory, by mincore") {
    unsigned char first[16] = {0}, second[16] = {0};
    int file = open(under("/etc/large"), O_RDONLY);
    if (file < 0) refused();
    posix_fadvise(file, 0, 0, POSIX_FADV_DONTNEED);
    char *pages = mmap(NULL, 65536, PROT_READ, MAP_SHARED, file, 0);
    if (pages == MAP_FAILED || mincore(pages, 65536, first) < 0) refused();
    posix_fadvise(file, 0, 0, POSIX_FADV_WILLNEED);
    volatile char touch = pages[0];
    (void)touch;
    if (mincore(pages, 65536, second) < 0) refused();
    for (int page = 0; page < 16; page++)
        if ((first[page] ^ second[page]) & 1) escaped("it tells");
    blocked("it always says the same");
}

VICTIM(page_cache_stat, plain, "how much of a file of the root is in memory, by cachestat") {
    uint64_t range[2] = {0, 0}, answer[5];
    int file = open(under("/etc/hosts"), O_RDONLY);
    if (file < 0) refused();
    expect_refused(syscall(451, file, range, answer, 0), "it answers");
}
