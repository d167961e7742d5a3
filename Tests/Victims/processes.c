/// Looking into, steering and outliving processes.
#include "victim.h"

#include <linux/kcmp.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/uio.h>

/// A jail without an init has the program itself as its process 1.
static void need_init(void) {
    if (getpid() == 1) blocked("the program is process 1 itself");
}

VICTIM(ptrace_init, private, "attaching to the init of the jail") {
    need_init();
    expect_refused(ptrace(PTRACE_SEIZE, 1, 0, 0), "attached to process 1");
}

VICTIM(ptrace_sibling, plain, "attaching to a process of the same user") {
    expect_refused(ptrace(PTRACE_SEIZE, sleeping_child(), 0, 0), "attached");
}

VICTIM(ptrace_traceme, plain, "asking to be traced") {
    expect_refused(ptrace(PTRACE_TRACEME, 0, 0, 0), "is traced");
}

static char shared_word[8] = "word";

VICTIM(process_vm_read, plain, "reading the memory of another process") {
    char copy[8];
    struct iovec here = {copy, sizeof copy}, there = {shared_word, sizeof copy};
    expect_refused(process_vm_readv(sleeping_child(), &here, 1, &there, 1, 0), "read it");
}

VICTIM(process_vm_write, plain, "writing the memory of another process") {
    struct iovec here = {shared_word, sizeof shared_word}, there = here;
    expect_refused(process_vm_writev(sleeping_child(), &here, 1, &there, 1, 0), "wrote it");
}

VICTIM(process_memory_file, plain, "writing /proc/PID/mem of another process") {
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/mem", sleeping_child());
    int file = open(path, O_RDWR);
    if (file < 0) refused();
    expect_refused(pwrite(file, shared_word, sizeof shared_word, (off_t)(intptr_t)shared_word), "wrote it");
}

VICTIM(pidfd_getfd, plain, "taking a descriptor out of another process") {
    int process = syscall(SYS_pidfd_open, sleeping_child(), 0);
    if (process < 0) refused();
    expect_refused(syscall(SYS_pidfd_getfd, process, 1, 0), "took it");
}

VICTIM(kcmp, plain, "comparing kernel objects of two processes") {
    expect_refused(syscall(SYS_kcmp, getpid(), sleeping_child(), KCMP_FILE, 1, 1), "compared");
}

VICTIM(process_madvise, plain, "moving another process's memory to swap") {
    int process = syscall(SYS_pidfd_open, sleeping_child(), 0);
    struct iovec page = {(void *)((intptr_t)shared_word & ~4095L), 4096};
    if (process < 0) refused();
    expect_refused(syscall(SYS_process_madvise, process, &page, 1, MADV_COLD, 0), "advised");
}

VICTIM(signal_init, harmless, "may it signal init (signal 0, which does nothing)") {
    need_init();
    expect_refused(kill(1, 0), "init would take it");
}

VICTIM(pidfd_init, harmless, "may it signal init by descriptor (signal 0)") {
    need_init();
    int process = syscall(SYS_pidfd_open, 1, 0);
    if (process < 0) refused();
    expect_refused(syscall(SYS_pidfd_send_signal, process, 0, NULL, 0), "init would take it");
}

VICTIM(signal_parent, harmless, "may it signal its parent (signal 0)") {
    if (getppid() == 0) blocked("the parent is outside");
    expect_refused(kill(getppid(), 0), "the parent would take it");
}

VICTIM(signal_all, harmless, "may kill(-1) reach anyone (signal 0)") {
    expect_refused(kill(-1, 0), "it reaches a process beside init and the program");
}

VICTIM(signal_host, harmless, "is a process of the host there by its number (signal 0)") {
    if (kill(atoi(hint("hostpid")), 0) == 0 || errno == EPERM) escaped("process %s answers", hint("hostpid"));
    refused();
}

VICTIM(see_processes, plain, "seeing a process beside its own in /proc") {
    char path[64], text[4096] = "";
    for (int id = 1; id < 100; id++) {
        if (id == getpid()) continue;
        snprintf(path, sizeof path, "/proc/%d/stat", id);
        int file = open(path, O_RDONLY);
        if (file >= 0 && read(file, text, sizeof text - 1) > 0) escaped("process %d", id);
    }
    blocked("only its own");
}

VICTIM(priority, plain, "a better priority than it was given") {
    if (getpriority(PRIO_PROCESS, 0) <= -20) blocked("nothing better is left");
    expect_refused(setpriority(PRIO_PROCESS, 0, getpriority(PRIO_PROCESS, 0) - 1), "nicer to itself");
}

VICTIM(realtime, plain, "real-time scheduling, ahead of the host's processes") {
    struct {
        int priority;
    } parameter = {1};
    expect_refused(syscall(SYS_sched_setscheduler, 0, 1 /* SCHED_FIFO */, &parameter), "runs in real time");
}

VICTIM(io_priority, plain, "real-time disk priority") {
    expect_refused(syscall(SYS_ioprio_set, 1, 0, 1 << 13 | 4), "reads and writes first");
}

VICTIM(daemon, bounded, "outliving the job: double fork and setsid (judged by what is left)") {
    if (fork() != 0) exit(0);
    setsid();
    if (fork() != 0) _exit(0);
    for (int file = 0; file < 3; file++) close(file);
    sleep(30);
}
