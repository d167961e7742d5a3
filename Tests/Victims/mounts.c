/// Namespaces, mounts and roots.
#include "victim.h"

#include <linux/mount.h>
#include <linux/sched.h>
#include <sched.h>
#include <sys/mount.h>

#define UNSHARE(name, flag, what) \
    VICTIM(unshare_##name, plain, what) { expect_refused(unshare(flag), "in a new namespace"); }

UNSHARE(user, CLONE_NEWUSER, "a user namespace, with all capabilities in it")
UNSHARE(mount, CLONE_NEWNS, "a mount namespace")
UNSHARE(pid, CLONE_NEWPID, "a process namespace")
UNSHARE(network, CLONE_NEWNET, "a network namespace")
UNSHARE(ipc, CLONE_NEWIPC, "an IPC namespace")
UNSHARE(host_name, CLONE_NEWUTS, "a host-name namespace")
UNSHARE(cgroup, CLONE_NEWCGROUP, "a control-group namespace")
UNSHARE(time, CLONE_NEWTIME, "a time namespace")

static _Noreturn void expect_no_child(long child) {
    if (child == 0) _exit(0);
    if (child < 0) refused();
    escaped("a child runs in a new namespace");
}

VICTIM(clone_user, plain, "clone with CLONE_NEWUSER") {
    expect_no_child(syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0));
}

VICTIM(clone_network, plain, "clone with CLONE_NEWUSER and CLONE_NEWNET") {
    expect_no_child(syscall(SYS_clone, CLONE_NEWUSER | CLONE_NEWNET | SIGCHLD, 0, 0, 0, 0));
}

VICTIM(clone3_user, plain, "clone3 with CLONE_NEWUSER, whose flags no filter can see") {
    struct clone_args arguments = {.flags = CLONE_NEWUSER, .exit_signal = SIGCHLD};
    expect_no_child(syscall(SYS_clone3, &arguments, sizeof arguments));
}

VICTIM(clone3_group, plain, "clone3 at all: it can put a child into another control group") {
    struct clone_args arguments = {.exit_signal = SIGCHLD};
    long child = syscall(SYS_clone3, &arguments, sizeof arguments);
    if (child == 0) _exit(0);
    expect_refused(child, "a child runs");
}

VICTIM(setns, plain, "entering a namespace by its file") {
    int file = open("/proc/self/ns/uts", O_RDONLY);
    if (file < 0) refused();
    expect_refused(setns(file, 0), "entered");
}

VICTIM(setns_init, private, "entering the namespaces of process 1 by descriptor") {
    if (getpid() == 1) blocked("the program is process 1 itself");
    int process = syscall(SYS_pidfd_open, 1, 0);
    if (process < 0) refused();
    expect_refused(setns(process, CLONE_NEWUTS), "entered");
}

VICTIM(mount_tmpfs, private, "mount of a tmpfs over /tmp") { expect_refused(mount("t", "/tmp", "tmpfs", 0, 0), "mounted"); }
VICTIM(mount_proc, private, "mount of a fresh, unmasked /proc") {
    expect_refused(mount("p", "/proc", "proc", 0, 0), "mounted");
}
VICTIM(mount_bind, private, "bind mount of /etc over /tmp") {
    expect_refused(mount("/etc", "/tmp", NULL, MS_BIND, NULL), "mounted");
}
VICTIM(mount_writable, private, "making the root writable again") {
    expect_refused(mount(NULL, "/", NULL, MS_REMOUNT | MS_BIND, NULL), "remounted");
}
VICTIM(mount_shared, private, "making the root shared, to reach the host's mounts") {
    expect_refused(mount(NULL, "/", NULL, MS_SHARED | MS_REC, NULL), "shared");
}
VICTIM(umount, private, "unmounting what covers /proc") { expect_refused(umount2("/proc", MNT_DETACH), "unmounted"); }

VICTIM(new_fsopen, private, "fsopen: the new way to mount a file system") {
    expect_refused(syscall(SYS_fsopen, "tmpfs", 0), "opened");
}
VICTIM(new_fspick, private, "fspick: reconfiguring the root's file system") {
    expect_refused(syscall(SYS_fspick, AT_FDCWD, "/", 0), "picked");
}
VICTIM(new_open_tree, private, "open_tree: a detached copy of the root") {
    expect_refused(syscall(SYS_open_tree, AT_FDCWD, "/", OPEN_TREE_CLONE), "copied");
}
VICTIM(new_move_mount, private, "move_mount: moving /proc away") {
    expect_refused(syscall(SYS_move_mount, AT_FDCWD, "/proc", AT_FDCWD, "/tmp", 0), "moved");
}
VICTIM(new_mount_setattr, private, "mount_setattr: taking noexec from /dev/shm") {
    struct mount_attr change = {.attr_clr = MOUNT_ATTR_NOEXEC};
    expect_refused(syscall(SYS_mount_setattr, AT_FDCWD, "/dev/shm", 0, &change, sizeof change), "changed");
}

VICTIM(pivot_root, private, "pivot_root into a file system of its own") {
    if (is_control()) {  // a mount point to go to, which the jail has anyway
        mount("t", "/mnt", "tmpfs", 0, 0);
        expect_refused(chdir("/mnt") ? -1 : syscall(SYS_pivot_root, ".", "."), "moved the root");
    }
    expect_refused(chdir("/tmp") ? -1 : syscall(SYS_pivot_root, ".", "."), "moved the root");
}

VICTIM(chroot, plain, "chroot, the first half of climbing out") { expect_refused(chroot("/tmp"), "in another root"); }

VICTIM(climb, plain, "chroot below, then .. until the host's root") {
    int here = open("/", O_RDONLY | O_DIRECTORY);
    if (chroot("/tmp") < 0 || fchdir(here) < 0) refused();
    escaped("stands outside its root");
}

VICTIM(directory_outside, plain, "a working directory outside the root") {
    char text[4096];
    struct stat root, parent;
    if (is_control() && chroot(hint("root")) < 0) refused();
    if (syscall(SYS_getcwd, text, sizeof text) < 0) refused();
    if (strncmp(text, "(unreachable)", 13) == 0) escaped("stands in %s", text);
    for (int level = 0; level < 64; level++)
        if (chdir("..") < 0) refused();
    if (stat("/", &root) < 0 || stat(".", &parent) < 0) refused();
    if (root.st_ino != parent.st_ino || root.st_dev != parent.st_dev) escaped(".. leads past the root");
    blocked("inside");
}

VICTIM(handle_name, plain, "name_to_handle_at: the raw handle of a file") {
    struct {
        struct file_handle head;
        char bytes[128];
    } handle = {.head.handle_bytes = 128};
    int id;
    expect_refused(name_to_handle_at(AT_FDCWD, under("/etc/hosts"), &handle.head, &id, 0), "has a handle");
}

VICTIM(handle_open, plain, "open_by_handle_at: the root of the disk by inode number") {
    struct {
        struct file_handle head;
        uint32_t inode[2];
    } handle = {{.handle_bytes = 8, .handle_type = 1}, {2, 0}};
    struct {
        struct file_handle head;
        char bytes[128];
    } named = {.head.handle_bytes = 128};
    int id, mount = open(under("/"), O_RDONLY | O_DIRECTORY);
    if (name_to_handle_at(AT_FDCWD, under("/"), &named.head, &id, 0) == 0 &&
        open_by_handle_at(mount, &named.head, O_RDONLY) >= 0)
        escaped("opened the root by its handle");
    expect_refused(open_by_handle_at(mount, &handle.head, O_RDONLY), "opened inode 2");
}

VICTIM(device_node, plain, "mknod of a block device, the disk of the host") {
    const char *path = under("/tmp/disk");
    long result = mknod(path, S_IFBLK | 0600, 254 << 8);
    remove_quietly(path);
    expect_refused(result, "made");
}

VICTIM(device_node_null, plain, "mknod of a character device") {
    const char *path = under("/tmp/zero");
    long result = mknodat(AT_FDCWD, path, S_IFCHR | 0666, 1 << 8 | 5);
    remove_quietly(path);
    expect_refused(result, "made");
}

VICTIM(list_mounts, plain, "listmount: the mounts without /proc") {
    struct {
        uint32_t size, spare;
        uint64_t mount, parameter, spare2;
    } request = {24, 0, ~0ULL, 0, 0};  // LSMT_ROOT
    uint64_t list[64];
    expect_refused(syscall(458, &request, list, 64, 0), "listed");
}

static _Noreturn void expect_read_only(const char *path) {
    int file = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);
    if (file >= 0) unlink(path);
    expect_refused(file, "created a file");
}

VICTIM(write_root, plain, "a new file in /") { expect_read_only(under("/victim-wrote")); }
VICTIM(write_usr, plain, "a new file in /usr") { expect_read_only(under("/usr/victim-wrote")); }
VICTIM(write_etc, plain, "a new file in /etc") { expect_read_only(under("/etc/victim-wrote")); }
VICTIM(write_dev, plain, "a new file in /dev") { expect_read_only(under("/dev/victim-wrote")); }
VICTIM(write_open_file, plain, "writing to a file of the root that everyone may write") {
    expect_unwritable(under("/etc/open"));
}
