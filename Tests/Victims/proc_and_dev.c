/// What /proc, /sys and /dev give away.
#include "victim.h"

#include <dirent.h>

/// The init of the jail, if the program is not that itself.
static void need_init(void) {
    if (getpid() == 1) blocked("the program is process 1 itself");
}

VICTIM(init_environment, private, "the environment of process 1") {
    need_init();
    expect_unreadable("/proc/1/environ");
}
VICTIM(init_command, private, "the command line of process 1") {
    need_init();
    expect_unreadable("/proc/1/cmdline");
}
VICTIM(init_memory, private, "the memory of process 1") {
    need_init();
    expect_refused(open("/proc/1/mem", O_RDONLY), "opened");
}

static _Noreturn void expect_no_link(const char *path) {
    char text[4096] = "";
    need_init();
    ssize_t length = readlink(path, text, sizeof text - 1);
    if (length < 0) refused();
    escaped("%s", text);
}

VICTIM(init_root, private, "the root of process 1") { expect_no_link("/proc/1/root"); }
VICTIM(init_directory, private, "the working directory of process 1") { expect_no_link("/proc/1/cwd"); }
VICTIM(init_program, private, "the program of process 1") { expect_no_link("/proc/1/exe"); }
VICTIM(init_namespace, private, "the namespaces of process 1") { expect_no_link("/proc/1/ns/mnt"); }
VICTIM(init_descriptors, private, "the descriptors of process 1") {
    need_init();
    expect_refused(opendir("/proc/1/fd") ? 0 : -1, "listed");
}
VICTIM(init_status, private, "what process 1 is") {
    need_init();
    expect_unreadable("/proc/1/status");
}

#define UNREADABLE(name, path, what) \
    VICTIM(name, plain, what) { expect_unreadable(path); }

UNREADABLE(proc_kcore, "/proc/kcore", "the kernel's memory")
UNREADABLE(proc_kallsyms, "/proc/kallsyms", "the kernel's addresses")
UNREADABLE(proc_uptime, "/proc/uptime", "uptime and idle time of the host")
UNREADABLE(proc_loadavg, "/proc/loadavg", "load of the host, and its last process number")
UNREADABLE(proc_meminfo, "/proc/meminfo", "memory counters of the host")
UNREADABLE(proc_stat, "/proc/stat", "processor counters of the host")
UNREADABLE(proc_vmstat, "/proc/vmstat", "paging counters of the host")
UNREADABLE(proc_interrupts, "/proc/interrupts", "interrupt counters of the host")
UNREADABLE(proc_diskstats, "/proc/diskstats", "disk counters of the host")
UNREADABLE(proc_cmdline, "/proc/cmdline", "the kernel's command line")
UNREADABLE(proc_version, "/proc/version", "the kernel's build")
UNREADABLE(proc_cpuinfo, "/proc/cpuinfo", "the processors of the host")
UNREADABLE(proc_keys, "/proc/key-users", "keyring counters of the host's users")
UNREADABLE(proc_locks, "/proc/locks", "locks that processes hold")
UNREADABLE(proc_pressure, "/proc/pressure/cpu", "how busy the host is, to the microsecond")
UNREADABLE(proc_net, "/proc/net/tcp", "the table of connections")
UNREADABLE(proc_sys_read, "/proc/sys/kernel/pid_max", "settings of the kernel")
UNREADABLE(proc_dentries, "/proc/sys/fs/dentry-state", "file counters of the host")

VICTIM(proc_kmsg, plain, "the kernel's log") { expect_refused(open("/proc/kmsg", O_RDONLY | O_NONBLOCK), "opened"); }
VICTIM(proc_sys_hostname, harmless, "writing the host name in /proc/sys (opened, not written)") {
    expect_unwritable("/proc/sys/kernel/hostname");
}
VICTIM(proc_sys_core, harmless, "writing the core pattern, which runs as root (opened, not written)") {
    expect_unwritable("/proc/sys/kernel/core_pattern");
}
VICTIM(proc_sys_memory, harmless, "writing a memory setting (opened, not written)") {
    expect_unwritable("/proc/sys/vm/overcommit_memory");
}
VICTIM(proc_sysrq, harmless, "the emergency keys (opened, not written)") { expect_unwritable("/proc/sysrq-trigger"); }
VICTIM(proc_id_map, plain, "running under the id of whoever started it") {
    char text[64] = "";
    unsigned inside, outside = 0;
    int file = open("/proc/self/uid_map", O_RDONLY);
    if (file < 0) refused();
    if (read(file, text, sizeof text - 1) < 0) refused();
    int parts = sscanf(text, "%u %u", &inside, &outside);
    if (parts == 2 && outside == (unsigned)atoi(hint("user"))) escaped("user %u, who started it", outside);
    blocked("an id that no one has");
}

VICTIM(sys_there, plain, "/sys, which describes the host") {
    expect_refused(opendir("/sys/class") ? 0 : -1, "there");
}
VICTIM(sys_fs_cgroup, plain, "the tree of control groups") {
    expect_refused(opendir("/sys/fs/cgroup/memory") || opendir("/sys/fs/cgroup/unified") ||
                           access("/sys/fs/cgroup/cgroup.procs", F_OK) == 0
                       ? 0
                       : -1,
                   "there");
}

#define NO_DEVICE(name, path, what) \
    VICTIM(name, plain, what) { expect_refused(open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY), "opened"); }

NO_DEVICE(dev_ptmx, "/dev/ptmx", "a new terminal")
NO_DEVICE(dev_mem, "/dev/mem", "the physical memory")
NO_DEVICE(dev_port, "/dev/port", "the I/O ports")
NO_DEVICE(dev_kmsg, "/dev/kmsg", "the kernel's log as a device")
NO_DEVICE(dev_console, "/dev/console", "the console")
NO_DEVICE(dev_loop, "/dev/loop-control", "making loop devices")
NO_DEVICE(dev_fuse, "/dev/fuse", "a file system of its own")
NO_DEVICE(dev_tun, "/dev/net/tun", "a network device of its own")
NO_DEVICE(dev_kvm, "/dev/kvm", "a virtual machine of its own")

VICTIM(dev_disk, plain, "any disk in /dev") {
    DIR *directory = opendir("/dev");
    struct stat status;
    int file = -1, error = ENOENT;
    if (!directory) refused();
    for (struct dirent *entry; file < 0 && (entry = readdir(directory));) {
        if (fstatat(dirfd(directory), entry->d_name, &status, 0) < 0 || !S_ISBLK(status.st_mode)) continue;
        file = openat(dirfd(directory), entry->d_name, O_RDONLY | O_NONBLOCK);
        if (file < 0) error = errno;
    }
    errno = error;
    expect_refused(file, "opened");
}

VICTIM(dev_other, plain, "any device beside null, zero, full, random and urandom") {
    static const char *const known[] = {"null", "zero", "full", "random", "urandom"};
    DIR *directory = opendir("/dev");
    struct stat status;
    if (!directory) refused();
    for (struct dirent *entry; (entry = readdir(directory));) {
        bool fine = false;
        for (size_t index = 0; index < 5; index++) fine |= strcmp(entry->d_name, known[index]) == 0;
        if (fine || fstatat(dirfd(directory), entry->d_name, &status, AT_SYMLINK_NOFOLLOW) < 0) continue;
        if (S_ISCHR(status.st_mode) || S_ISBLK(status.st_mode)) escaped("/dev/%s", entry->d_name);
    }
    blocked("none");
}
