#define _GNU_SOURCE
#include "glovebox_linux.h"
#include <errno.h>
#include <linux/filter.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

enum { most_descriptors = 16 };

static int result(long value) { return value < 0 ? -errno : (int)value; }

long glx_syscall(long number, long a, long b, long c, long d, long e, long f) {
    long value = syscall(number, a, b, c, d, e, f);
    return value == -1 ? -errno : value;
}

int glx_start_sync(int file, int64_t offset, int64_t count) {
    return result(sync_file_range(file, offset, count, SYNC_FILE_RANGE_WRITE));
}

int glx_set_direct(int file, int is_direct) {
    int flags = fcntl(file, F_GETFL);
    if (flags < 0) return -errno;
    return result(fcntl(file, F_SETFL, is_direct ? flags | O_DIRECT : flags & ~O_DIRECT));
}

int glx_birth(int file, uint64_t *inode, int64_t *seconds, uint32_t *nanoseconds) {
    struct statx status = {0};
    if (statx(file, "", AT_EMPTY_PATH, STATX_INO | STATX_BTIME, &status) != 0) return -errno;
    int is_kept = (status.stx_mask & STATX_BTIME) != 0;
    *inode = status.stx_ino;
    *seconds = is_kept ? status.stx_btime.tv_sec : 0;
    *nanoseconds = is_kept ? status.stx_btime.tv_nsec : 0;
    return 0;
}

int glx_fork(uint64_t flags, int *pidfd, int group) {
    struct clone_args args = {
        .flags = flags | (pidfd ? CLONE_PIDFD : 0) | (group < 0 ? 0 : CLONE_INTO_CGROUP),
        .cgroup = group < 0 ? 0 : (uint64_t)group,
        .pidfd = (uint64_t)(uintptr_t)pidfd,
        .exit_signal = flags & CLONE_PARENT ? 0 : SIGCHLD,  // a sibling ends with the signal that its parent chose
    };
    return result(syscall(SYS_clone3, &args, sizeof args));
}

int glx_spawn_close_from(void *actions, int first) { return -posix_spawn_file_actions_addclosefrom_np(actions, first); }

int glx_send(int socket, const void *bytes, size_t length, const int *descriptors, int count) {
    if (count < 0 || count > most_descriptors) return -EINVAL;
    union { struct cmsghdr align; char space[CMSG_SPACE(most_descriptors * sizeof(int))]; } control = {0};
    struct iovec part = {.iov_base = (void *)bytes, .iov_len = length};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    if (count > 0) {
        message.msg_control = control.space;
        message.msg_controllen = CMSG_SPACE((size_t)count * sizeof(int));
        struct cmsghdr *header = CMSG_FIRSTHDR(&message);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN((size_t)count * sizeof(int));
        memcpy(CMSG_DATA(header), descriptors, (size_t)count * sizeof(int));
    }
    long sent;
    do sent = sendmsg(socket, &message, MSG_NOSIGNAL);
    while (sent < 0 && errno == EINTR);
    return result(sent);
}

int glx_receive(int socket, void *bytes, size_t capacity, int *descriptors, int *count) {
    union { struct cmsghdr align; char space[CMSG_SPACE(most_descriptors * sizeof(int))]; } control = {0};
    struct iovec part = {.iov_base = bytes, .iov_len = capacity};
    struct msghdr message = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = control.space, .msg_controllen = sizeof control.space,
    };
    *count = 0;
    long received;
    do received = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
    while (received < 0 && errno == EINTR);
    if (received < 0) return -errno;
    for (struct cmsghdr *header = CMSG_FIRSTHDR(&message); header; header = CMSG_NXTHDR(&message, header)) {
        if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) continue;
        *count = (int)((header->cmsg_len - CMSG_LEN(0)) / sizeof(int));
        memcpy(descriptors, CMSG_DATA(header), (size_t)*count * sizeof(int));
    }
    if (message.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) return -EMSGSIZE;
    return (int)received;
}

int glx_seccomp_load(const void *program, size_t length, unsigned int flags) {
    struct sock_fprog filter = {
        .len = (unsigned short)(length / sizeof(struct sock_filter)),
        .filter = (struct sock_filter *)program,
    };
    return result(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &filter));
}

int glx_notification_take(int listener, uint64_t *id, uint32_t *pid, int32_t *number, uint64_t arguments[6]) {
    struct seccomp_notif request;
    memset(&request, 0, sizeof request);  // the kernel refuses a request that is not zeroed
    if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &request) < 0) return -errno;
    *id = request.id;
    *pid = request.pid;
    *number = request.data.nr;
    for (int index = 0; index < 6; index++) arguments[index] = request.data.args[index];
    return 0;
}

int glx_notification_refuse(int listener, uint64_t id, int error) {
    struct seccomp_notif_resp answer = {.id = id, .error = -error};
    return result(ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &answer));
}

int glx_loop_attach(int file, int *index) {
    int control = open("/dev/loop-control", O_RDWR | O_CLOEXEC);
    if (control < 0) return -errno;
    int outcome = -EBUSY;
    for (int attempt = 0; attempt < 16 && outcome == -EBUSY; attempt++) {  // another process may take the free one first
        int number = ioctl(control, LOOP_CTL_GET_FREE);
        if (number < 0) { outcome = -errno; break; }
        char path[32];
        snprintf(path, sizeof path, "/dev/loop%d", number);
        int device = open(path, O_RDONLY | O_CLOEXEC);
        if (device < 0) { outcome = -errno; break; }
        struct loop_config config = {.fd = (uint32_t)file};
        config.info.lo_flags = LO_FLAGS_READ_ONLY | LO_FLAGS_AUTOCLEAR;
        if (ioctl(device, LOOP_CONFIGURE, &config) == 0) {
            *index = number;
            outcome = device;
        } else {
            outcome = -errno;
            close(device);
        }
    }
    close(control);
    return outcome;
}
