// Starts a command again and again, one after another, and tells how long each took from the start to the end.
//
// usage: floor [-f] [-r DIR] [-s FILE] (-n ROUNDS | -t SECONDS) PROGRAM [ARGUMENT...]
//   -f  clone3 with eight new namespaces instead of vfork: the least a jail can cost
//   -r  the command's root
//   -s  a file the command gets as descriptor 3, opened anew each time
// Prints nanoseconds, a line a round; with -t only the number of rounds that were done.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { namespaces = CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS
                    | CLONE_NEWCGROUP | CLONE_NEWTIME };

static int separate;
static const char *root, *file;

static void fail(const char *what) {
    fprintf(stderr, "floor: %s: %s\n", what, strerror(errno));
    exit(2);
}

static int64_t now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

static int64_t once(char **command) {
    struct clone_args args = {.flags = namespaces, .exit_signal = SIGCHLD};
    int64_t start = now();
    // Here and not in a function of its own: a child of vfork must not return from where it began.
    pid_t pid = separate ? (pid_t)syscall(SYS_clone3, &args, sizeof args) : vfork();
    if (pid == 0) {
        if (root && (chroot(root) < 0 || chdir("/") < 0)) _exit(126);
        if (file && (close(3), open(file, O_RDONLY) != 3)) _exit(126);
        execv(command[0], command);
        _exit(127);
    }
    int status;
    if (pid < 0 || waitpid(pid, &status, 0) != pid) fail("start");
    int64_t end = now();
    if (status != 0) {
        fprintf(stderr, "floor: %s ended with wait status %#x\n", command[0], status);
        exit(1);
    }
    return end - start;
}

int main(int count, char **arguments) {
    long rounds = 0;
    double seconds = 0;
    for (int option; (option = getopt(count, arguments, "+fr:s:n:t:")) != -1;) {
        switch (option) {
        case 'f': separate = 1; break;
        case 'r': root = optarg; break;
        case 's': file = optarg; break;
        case 'n': rounds = atol(optarg); break;
        case 't': seconds = atof(optarg); break;
        default: return 2;
        }
    }
    if (optind >= count || (rounds < 1) == (seconds <= 0)) return 2;
    char **command = arguments + optind;
    if (seconds > 0) {
        int64_t end = now() + (int64_t)(seconds * 1e9);
        while (now() < end) { once(command); rounds++; }
        printf("%ld\n", rounds);
        return 0;
    }
    while (rounds-- > 0) printf("%lld\n", (long long)once(command));
}
