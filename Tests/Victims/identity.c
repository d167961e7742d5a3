/// Learning which host this is, and what else happens on it.
#include "victim.h"

#include <sched.h>
#include <sys/statvfs.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>
#include <time.h>

VICTIM(host_name, plain, "the host's name") {
    struct utsname name;
    if (uname(&name) < 0) refused();
    if (strcmp(name.nodename, hint("hostname")) == 0) escaped("%s", name.nodename);
    blocked("another name");
}

static bool file_contains(const char *path, const char *text) {
    static char content[1 << 18];
    int file = open(path, O_RDONLY);
    if (file < 0) refused();
    ssize_t total = 0, count;
    while ((count = read(file, content + total, sizeof content - 1 - total)) > 0) total += count;
    content[total] = 0;
    close(file);
    return *text && strstr(content, text) != NULL;
}

VICTIM(boot_id, plain, "the boot id, one for the whole host") {
    if (file_contains("/proc/sys/kernel/random/boot_id", hint("boot"))) escaped("%s", hint("boot"));
    blocked("another id");
}

VICTIM(disk_name, plain, "the host's disk in mountinfo") {
    if (file_contains("/proc/self/mountinfo", hint("disk"))) escaped("%s", hint("disk"));
    blocked("not there");
}

VICTIM(host_paths, private, "a path of the host in mountinfo") {
    static const char *const markers[] = {"/root/", "/home/", "/var/lib"};
    if (file_contains("/proc/self/mountinfo", hint("marker"))) escaped("%s", hint("marker"));
    for (size_t index = 0; index < sizeof markers / sizeof *markers; index++)
        if (file_contains("/proc/self/mountinfo", markers[index])) escaped("%s", markers[index]);
    blocked("none");
}

VICTIM(control_group_path, private, "the path of its control group on the host") {
    if (file_contains("/proc/self/cgroup", "/..")) escaped("relative to the host's");
    if (file_contains("/proc/self/cgroup", "glovebox-victims")) escaped("shown in full");
    blocked("/");
}

VICTIM(uptime_by_call, plain, "how long the host is up, by sysinfo") {
    struct sysinfo info;
    if (sysinfo(&info) < 0) refused();
    if (labs(info.uptime - atol(hint("uptime"))) < 60) escaped("%ld s", info.uptime);
    blocked("another time");
}

VICTIM(uptime_by_clock, plain, "how long the host is up, by the monotonic clock") {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    if (labs(now.tv_sec - atol(hint("uptime"))) < 60) escaped("%ld s", (long)now.tv_sec);
    blocked("another time");
}

VICTIM(uptime_by_boot_clock, plain, "how long the host is up, by the boot clock") {
    struct timespec now;
    clock_gettime(CLOCK_BOOTTIME, &now);
    if (labs(now.tv_sec - atol(hint("uptime"))) < 60) escaped("%ld s", (long)now.tv_sec);
    blocked("another time");
}

VICTIM(host_threads, plain, "how many threads the host runs, by sysinfo") {
    struct sysinfo info;
    if (sysinfo(&info) < 0) refused();
    if (info.procs > 32) escaped("%d", info.procs);
    blocked("not more than its own");
}

VICTIM(host_memory, plain, "how much memory the host has free, by sysinfo") {
    struct sysinfo info;
    if (sysinfo(&info) < 0) refused();
    unsigned long total = info.totalram * info.mem_unit >> 10;
    if (total == strtoul(hint("memory"), NULL, 10) && info.freeram > 0) escaped("free memory of the host");
    blocked("another size");
}

VICTIM(host_load, plain, "how busy the host is, by sysinfo") {
    struct sysinfo info;
    if (sysinfo(&info) < 0) refused();
    if (info.loads[0] | info.loads[1] | info.loads[2]) escaped("%.2f", info.loads[0] / 65536.0);
    blocked("zero");
}

VICTIM(free_space, plain, "how full the host's disk is, by statfs") {
    struct statvfs space;
    if (statvfs(under("/"), &space) < 0) refused();
    if (space.f_blocks == strtoul(hint("blocks"), NULL, 10) && space.f_bfree > 0)
        escaped("%lu blocks free of the host's", (unsigned long)space.f_bfree);
    blocked("another size");
}

VICTIM(free_files, plain, "how many files the host's disk still takes, by statfs") {
    struct statvfs space;
    if (statvfs(under("/etc"), &space) < 0) refused();
    if (space.f_files == strtoul(hint("files"), NULL, 10) && space.f_ffree > 0)
        escaped("%lu of the host's", (unsigned long)space.f_ffree);
    blocked("another number");
}

VICTIM(device_space, plain, "how full the host's /dev is, by statfs on a device") {
    struct statvfs space;
    if (statvfs("/dev/null", &space) < 0) refused();
    if (space.f_files == strtoul(hint("devfiles"), NULL, 10) && space.f_ffree > 0)
        escaped("%lu of %lu files free", (unsigned long)space.f_ffree, (unsigned long)space.f_files);
    blocked("another number");
}
