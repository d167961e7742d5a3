/// Taking more than was granted. Each stops by itself just past the limits that `run` sets (64 MiB of memory, 32
/// processes, 2 s) or that the jail has by default, so that the run outside harms no one. A victim that is killed has
/// not escaped.
#include "victim.h"

#include <pthread.h>
#include <sched.h>
#include <sys/msg.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <time.h>

enum { MEMORY = 256, PROCESSES = 120, BLOCK = 1 << 20 };

VICTIM(fork_bomb, bounded, "120 processes where 32 are granted") {
    for (int count = 0; count < PROCESSES; count++) {
        pid_t child = fork();
        if (child < 0) refused();
        if (child == 0) {
            prctl(PR_SET_PDEATHSIG, SIGKILL);
            pause();
        }
    }
    signal(SIGTERM, SIG_IGN);
    escaped("%d processes", PROCESSES);
}

static void *sleep_long(void *nothing) {
    sleep(20);
    return nothing;
}

VICTIM(thread_bomb, bounded, "120 threads where 32 are granted") {
    pthread_t thread;
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, 65536);
    for (int count = 0; count < PROCESSES; count++) {
        int error = pthread_create(&thread, &attributes, sleep_long, NULL);
        if (error) {
            errno = error;
            refused();
        }
    }
    escaped("%d threads", PROCESSES);
}

VICTIM(memory_hog, bounded, "256 MiB in one process where 64 are granted") {
    for (int count = 0; count < MEMORY; count++) {
        char *block = malloc(BLOCK);
        if (!block) refused();
        memset(block, 1, BLOCK);
    }
    escaped("%d MiB", MEMORY);
}

VICTIM(memory_by_many, bounded, "256 MiB in eight processes where 64 are granted to all") {
    int done[2];
    if (pipe(done) < 0) refused();
    for (int count = 0; count < 8; count++) {
        if (fork() != 0) continue;
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        char *block = mmap(NULL, 32 * BLOCK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (block != MAP_FAILED) memset(block, 1, 32 * BLOCK);
        if (write(done[1], block == MAP_FAILED ? "n" : "y", 1) == 1) pause();
        _exit(1);
    }
    close(done[1]);
    for (int count = 0; count < 8; count++) {
        char answer;
        if (read(done[0], &answer, 1) != 1 || answer != 'y') blocked("one was refused or killed");
    }
    escaped("%d MiB", MEMORY);
}

VICTIM(shared_memory_hog, bounded, "256 MiB of System V shared memory where 64 are granted") {
    int segment = shmget(IPC_PRIVATE, MEMORY * BLOCK, IPC_CREAT | 0600);
    if (segment < 0) refused();
    char *memory = shmat(segment, NULL, 0);
    shmctl(segment, IPC_RMID, NULL);
    if ((intptr_t)memory == -1) refused();
    memset(memory, 1, MEMORY * BLOCK);
    escaped("%d MiB", MEMORY);
}

static _Noreturn void fill(const char *path, long blocks, const char *what) {
    static char block[BLOCK];
    int file = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    if (file < 0) refused();
    unlink(path);
    memset(block, 1, sizeof block);
    for (long count = 0; count < blocks; count++) {
        ssize_t written = write(file, block, sizeof block);
        if (written < 0) refused();
        if (written < (ssize_t)sizeof block) blocked("the disk is full");
    }
    escaped("%s", what);
}

VICTIM(scratch_bytes, bounded, "128 MiB in /tmp where 64 of memory are granted") { fill(under("/tmp/big"), 128, "filled"); }
VICTIM(shared_bytes, bounded, "80 MiB in /dev/shm where 64 are granted") { fill(under("/dev/shm/big"), 80, "filled"); }
VICTIM(output_bytes, bounded, "80 MiB in /out where 64 are granted") { fill(under("/out/big"), 80, "filled"); }

static _Noreturn void many_files(const char *directory, int most) {
    char path[4096];
    snprintf(path, sizeof path, "%s/many", directory);
    if (mkdir(path, 0700) < 0 || chdir(path) < 0) refused();
    for (int count = 0; count < most; count++) {
        snprintf(path, sizeof path, "%d", count);
        int file = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
        if (file < 0) refused();
        close(file);
    }
    escaped("%d files", most);
}

VICTIM(scratch_files, bounded, "11000 files in /tmp where 10000 are granted") { many_files(under("/tmp"), 11000); }
VICTIM(shared_files, bounded, "1100 files in /dev/shm where 1024 are granted") { many_files(under("/dev/shm"), 1100); }
VICTIM(output_files, bounded, "1100 files in /out where 1000 are granted") { many_files(under("/out"), 1100); }

VICTIM(descriptors, bounded, "2048 descriptors where 1024 are granted") {
    if (is_control()) setrlimit(RLIMIT_NOFILE, &(struct rlimit){4096, 4096});
    for (int count = 0; count < 2048; count++)
        if (dup(1) < 0) refused();
    escaped("2048");
}

VICTIM(file_size, bounded, "a file of 16 GiB, all of it a hole") {
    const char *path = under("/tmp/hole");
    int file = open(path, O_WRONLY | O_CREAT, 0600);
    unlink(path);
    signal(SIGXFSZ, SIG_IGN);
    expect_refused(file < 0 ? -1 : ftruncate(file, 16L << 30), "made");
}

VICTIM(locked_memory, bounded, "8 MiB of memory locked in place") {
    void *memory = mmap(NULL, 8 * BLOCK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    expect_refused(mlock(memory, 8 * BLOCK), "locked");
}

VICTIM(message_memory, private, "128 MiB of kernel memory in messages where 64 are granted") {
    static struct {
        long type;
        char text[8192];
    } message = {1, ""};
    for (int count = 0; count < 8192; count++) {
        int queue = msgget(IPC_PRIVATE, 0600);
        for (int part = 0; part < 2; part++)
            if (msgsnd(queue, &message, sizeof message.text, IPC_NOWAIT) < 0) refused();
    }
    escaped("128 MiB");
}

VICTIM(pending_signals, bounded, "2000 queued signals where 1024 are granted") {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGRTMIN);
    sigprocmask(SIG_BLOCK, &set, NULL);
    for (int count = 0; count < 2000; count++)
        if (sigqueue(getpid(), SIGRTMIN, (union sigval){0}) < 0) refused();
    escaped("2000");
}

VICTIM(pipe_memory, bounded, "128 MiB of kernel memory in pipes where 64 are granted") {
    static char block[BLOCK];
    for (int count = 0; count < 128; count++) {
        int ends[2];
        if (pipe2(ends, O_NONBLOCK) < 0 || fcntl(ends[1], F_SETPIPE_SZ, BLOCK) < 0) refused();
        if (write(ends[1], block, BLOCK) != BLOCK) refused();
    }
    escaped("128 MiB");
}

static int __attribute__((noinline)) descend(int level) {
    volatile char frame[BLOCK];
    frame[0] = level;
    if (level == 0) return frame[0];
    return descend(level - 1) + frame[0];
}

static void deep_stack(void) {
    descend(32);
    _exit(PROBE);
}

VICTIM(stack, bounded, "32 MiB of stack where 8 are granted") {
    setrlimit(RLIMIT_STACK, &(struct rlimit){RLIM_INFINITY, RLIM_INFINITY});
    int status = in_child(deep_stack);
    if (WIFEXITED(status) && WEXITSTATUS(status) == PROBE) escaped("used");
    blocked("the process was ended");
}

VICTIM(huge_arguments, bounded, "3 MiB of arguments, past a limit that hangs on the stack's") {
    enum { PARTS = 25, LENGTH = 127 << 10 };
    char *list[PARTS + 3] = {"probe", "--probe"};
    char *part = malloc(LENGTH + 1);
    memset(part, 'x', LENGTH);
    part[LENGTH] = 0;
    for (int index = 0; index < PARTS; index++) list[2 + index] = part;
    setrlimit(RLIMIT_STACK, &(struct rlimit){RLIM_INFINITY, RLIM_INFINITY});
    pid_t child = fork();
    if (child == 0) {
        execv("/proc/self/exe", list);
        _exit(1);
    }
    int status = 0;
    if (child < 0 || waitpid(child, &status, 0) != child) refused();
    if (WIFEXITED(status) && WEXITSTATUS(status) == PROBE) escaped("it ran");
    errno = E2BIG;
    refused();
}

static double elapsed(void) {
    struct timespec now;
    static double start;
    clock_gettime(CLOCK_MONOTONIC, &now);
    double seconds = now.tv_sec + now.tv_nsec / 1e9;
    if (start == 0) start = seconds;
    return seconds - start;
}

VICTIM(spin, bounded, "3 s of processor time where 1 s of wall clock is granted") {
    while (elapsed() < 3) {
    }
    escaped("nobody stopped it");
}

VICTIM(ignore_signals, bounded, "5 s asleep with every signal ignored where 1 s is granted") {
    for (int number = 1; number < 65; number++) signal(number, SIG_IGN);
    while (elapsed() < 5) usleep(10000);
    escaped("nobody stopped it");
}

VICTIM(stop_itself, bounded, "stopping itself, so that nothing ever ends (judged by the time it takes)") {
    raise(SIGSTOP);
}

VICTIM(processors, bounded, "two processors where one is granted") {
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) < 0) refused();
    if (CPU_COUNT(&set) > 1) escaped("may run on %d", CPU_COUNT(&set));
    errno = is_control() ? ENODEV : EPERM;  // a host with one has nothing to show
    refused();
}

VICTIM(flood, bounded, "8 MiB on stdout where 1 is kept (judged by what arrives)") {
    static char block[65536];
    memset(block, 'x', sizeof block);
    for (int count = 0; count < 128; count++)
        if (write(1, block, sizeof block) < 0) break;
}
