// The few kernel doors Swift cannot open by itself: calls that take macros, variadic arguments or control messages.
// Every function returns a value >= 0, or -errno. None allocates, none decides anything.
//
// Not under _GNU_SOURCE: Swift's own Glibc module is built without it, and a file that imports both would see two
// definitions of types such as fd_set. What glibc shows to GNU sources alone and Swift needs is repeated below.
#pragma once
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/fs.h>
#include <linux/loop.h>
#include <linux/magic.h>
#include <linux/mount.h>
#include <linux/openat2.h>
#include <linux/prctl.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <linux/securebits.h>
#include <linux/time_types.h>
#include <poll.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <sys/xattr.h>

#ifndef AT_EMPTY_PATH
#define AT_EMPTY_PATH 0x1000
#endif
#ifndef AT_RECURSIVE
#define AT_RECURSIVE 0x8000
#endif

// Any system call by number. Swift's Glibc overlay hides syscall(2) because it is variadic.
long glx_syscall(long number, long a, long b, long c, long d, long e, long f);

// Ends the process by an illegal instruction, which no filter can refuse.
static inline _Noreturn void glx_trap(void) { __builtin_trap(); }

// sync_file_range(2): the disk begins to write these bytes, and nothing is durable yet.
int glx_start_sync(int file, int64_t offset, int64_t count);

// fcntl(2): whether an open file is written past the cache (O_DIRECT), which not every file system can.
int glx_set_direct(int file, int is_direct);

// statx(2) of an open file: its inode, and when it was made (zeros where the file system does not keep that).
int glx_birth(int file, uint64_t *inode, int64_t *seconds, uint32_t *nanoseconds);

// clone3(2) used like fork(2): 0 in the child. `flags` are CLONE_*; the child's pidfd is stored in *pidfd where
// that is not NULL; a `group` that is not -1 is the directory of the control group in which it is born.
// It must not be called with more than one thread: the child has a copy of this thread alone.
int glx_fork(uint64_t flags, int *pidfd, int group);

// Adds to posix_spawn's file actions that every descriptor from `first` on is closed. Only GNU sources see the call.
int glx_spawn_close_from(void *actions, int first);

// Sends `length` bytes and up to 16 descriptors in one message; never raises SIGPIPE.
int glx_send(int socket, const void *bytes, size_t length, const int *descriptors, int count);

// Receives one message. Descriptors arrive close-on-exec; *count is set to their number. A truncated message is -EMSGSIZE.
int glx_receive(int socket, void *bytes, size_t capacity, int *descriptors, int *count);

// Installs a classic BPF program as this thread's seccomp filter. Returns the listener when `flags` asks for one, else 0.
int glx_seccomp_load(const void *program, size_t length, unsigned int flags);

// Takes the next user notification: the caller's pid, call number and six arguments. -ENOENT when the caller is gone.
int glx_notification_take(int listener, uint64_t *id, uint32_t *pid, int32_t *number, uint64_t arguments[6]);

// Answers a notification with -error for the call.
int glx_notification_refuse(int listener, uint64_t id, int error);

// Binds a free loop device to `file`, read-only and freed with its last user; stores its number in *index and returns
// an open descriptor that keeps it alive.
int glx_loop_attach(int file, int *index);
