/// Parts of the kernel that a job has no business with.
#include "victim.h"

#include <linux/audit.h>
#include <linux/bpf.h>
#include <linux/fanotify.h>
#include <linux/filter.h>
#include <linux/keyctl.h>
#include <linux/perf_event.h>
#include <linux/quota.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/quota.h>
#include <sys/time.h>
#include <sys/timex.h>
#include <sys/uio.h>
#include <time.h>

#define CALL(...) expect_refused(syscall(__VA_ARGS__), "the kernel did it")

/// For calls that are only shown to be permitted: past the permission check, the kernel finds the arguments wrong.
static _Noreturn void expect_not_permitted(long result) {
    if (result < 0 && (errno == EPERM || errno == EACCES || errno == ENOSYS)) refused();
    escaped("the permission check passed (%s)", result < 0 ? strerrorname_np(errno) : "and the call");
}

VICTIM(io_uring_setup, plain, "io_uring, which goes round the filter") {
    char parameters[256] = {0};
    CALL(SYS_io_uring_setup, 1, parameters);
}
VICTIM(io_uring_enter, harmless, "io_uring_enter on no ring") {
    expect_not_permitted(syscall(SYS_io_uring_enter, -1, 0, 0, 0, NULL, 0));
}
VICTIM(io_uring_register, harmless, "io_uring_register on no ring") {
    expect_not_permitted(syscall(SYS_io_uring_register, -1, 0, NULL, 0));
}
VICTIM(bpf, plain, "a BPF map") {
    union bpf_attr map = {.map_type = BPF_MAP_TYPE_ARRAY, .key_size = 4, .value_size = 4, .max_entries = 1};
    CALL(SYS_bpf, BPF_MAP_CREATE, &map, sizeof map);
}
VICTIM(perf_event, plain, "a performance counter") {
    struct perf_event_attr event = {.type = PERF_TYPE_SOFTWARE, .size = sizeof event, .exclude_kernel = 1};
    CALL(SYS_perf_event_open, &event, 0, -1, -1, 0);
}
VICTIM(userfaultfd, plain, "handling page faults in the program, which holds the kernel up") {
    CALL(SYS_userfaultfd, 1 /* UFFD_USER_MODE_ONLY */);
}
VICTIM(add_key, plain, "adding a key to the kernel's keyrings") {
    CALL(SYS_add_key, "user", "victim", "x", 1, KEY_SPEC_PROCESS_KEYRING);
}
VICTIM(request_key, harmless, "asking for a key that is not there") {
    expect_not_permitted(syscall(SYS_request_key, "user", "victim-no-such", NULL, 0));
}
VICTIM(keyctl_session, plain, "joining a session keyring") { CALL(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL); }
VICTIM(keyctl_user, plain, "the keyring of the user, which all of the user's processes share") {
    CALL(SYS_keyctl, KEYCTL_GET_KEYRING_ID, KEY_SPEC_USER_KEYRING, 1);
}
VICTIM(init_module, harmless, "loading a module (no module)") {
    expect_not_permitted(syscall(SYS_init_module, NULL, 0, ""));
}
VICTIM(finit_module, harmless, "loading a module from a file (no file)") {
    expect_not_permitted(syscall(SYS_finit_module, -1, "", 0));
}
VICTIM(delete_module, harmless, "unloading a module (no module)") {
    expect_not_permitted(syscall(SYS_delete_module, "victim", 0));
}
VICTIM(kexec_load, harmless, "loading another kernel (wrong flags)") {
    expect_not_permitted(syscall(SYS_kexec_load, 0, 0, NULL, 0xffffffffUL));
}
VICTIM(kexec_file, harmless, "loading another kernel from a file (no file)") {
    expect_not_permitted(syscall(SYS_kexec_file_load, -1, -1, 0, NULL, 0));
}
VICTIM(reboot, harmless, "reboot (wrong magic)") { expect_not_permitted(syscall(SYS_reboot, 1, 2, 3, NULL)); }
VICTIM(settimeofday, harmless, "setting the kernel's time zone to what it is") {
    struct timezone zone = {0, 0};
    expect_not_permitted(syscall(SYS_settimeofday, NULL, &zone));
}
VICTIM(adjtimex, harmless, "steering the clock: writing back its own largest error") {
    struct timex state = {0};
    if (adjtimex(&state) < 0) refused();
    state.modes = ADJ_MAXERROR;
    expect_not_permitted(adjtimex(&state));
}
VICTIM(clock_settime, harmless, "setting the clock (outside: the same permission, asked by clock_adjtime)") {
    struct timespec now;
    struct timex state = {.modes = 0};
    clock_gettime(CLOCK_REALTIME, &now);
    if (!is_control()) expect_not_permitted(clock_settime(CLOCK_REALTIME, &now));
    if (clock_adjtime(CLOCK_REALTIME, &state) < 0) refused();
    state.modes = ADJ_MAXERROR;
    expect_not_permitted(clock_adjtime(CLOCK_REALTIME, &state));
}
VICTIM(swapon, harmless, "swapping to a file (no file)") { expect_not_permitted(syscall(SYS_swapon, "/no/such", 0)); }
VICTIM(swapoff, harmless, "ending swapping (no file)") { expect_not_permitted(syscall(SYS_swapoff, "/no/such")); }
VICTIM(quotactl, harmless, "writing disk quotas to disk: there are none") {
    expect_not_permitted(syscall(SYS_quotactl, QCMD(Q_SYNC, USRQUOTA), NULL, 0, NULL));
}
VICTIM(acct, harmless, "process accounting (no file)") { expect_not_permitted(syscall(SYS_acct, "/no/such")); }
VICTIM(set_host_name, private, "another host name") { CALL(SYS_sethostname, "victim", 6); }
VICTIM(mbind, plain, "binding memory to a node") {
    void *page = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CALL(SYS_mbind, page, 4096, 0, NULL, 0, 0);
}
VICTIM(set_mempolicy, plain, "a memory policy") { CALL(SYS_set_mempolicy, 0, NULL, 0); }
VICTIM(get_mempolicy, plain, "which node holds a page") { CALL(SYS_get_mempolicy, NULL, NULL, 0, NULL, 0); }
VICTIM(migrate_pages, plain, "moving pages between nodes") {
    unsigned long node = 1;
    CALL(SYS_migrate_pages, 0, 8, &node, &node);
}
VICTIM(move_pages, plain, "moving single pages between nodes") { CALL(SYS_move_pages, 0, 0, NULL, NULL, NULL, 0); }
VICTIM(modify_ldt, plain, "the segment table of old programs") {
    char table[64];
    CALL(SYS_modify_ldt, 0, table, sizeof table);
}
VICTIM(ioperm, plain, "access to an I/O port") { CALL(SYS_ioperm, 0x80, 1, 1); }
VICTIM(iopl, plain, "access to all I/O ports") { CALL(SYS_iopl, 3); }
VICTIM(syslog, plain, "reading the kernel's log") {
    char text[256];
    CALL(SYS_syslog, 3, text, sizeof text);
}
VICTIM(fanotify, plain, "watching every file of a mount") { CALL(SYS_fanotify_init, FAN_CLASS_NOTIF, O_RDONLY); }
VICTIM(fanotify_user, plain, "watching files the unprivileged way") {
    CALL(SYS_fanotify_init, FAN_CLASS_NOTIF | FAN_REPORT_FID, O_RDONLY);
}
VICTIM(memfd_secret, plain, "memory the kernel itself cannot see") { CALL(SYS_memfd_secret, 0); }
VICTIM(vmsplice, plain, "lending pages to a pipe") {
    int ends[2];
    struct iovec page = {(void *)hint, 1};
    if (pipe(ends) < 0) refused();
    CALL(SYS_vmsplice, ends[1], &page, 1, 0);
}
VICTIM(lookup_dcookie, harmless, "paths by cookie, a relic of a profiler") {
    expect_not_permitted(syscall(SYS_lookup_dcookie, 0L, NULL, 0L));
}
VICTIM(seccomp_listener, plain, "a filter of its own that answers calls by a listener") {
    struct sock_filter allow = {BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW};
    struct sock_fprog program = {1, &allow};
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    CALL(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &program);
}
VICTIM(landlock, plain, "rules of its own in the kernel's access control") {
    uint64_t handled = 1;
    CALL(SYS_landlock_create_ruleset, &handled, sizeof handled, 0);
}
VICTIM(personality, plain, "another personality: addresses that are not random") {
    CALL(SYS_personality, 0x0040000);
}
VICTIM(remap_file_pages, plain, "a call kept for very old programs") {
    void *page = mmap(NULL, 8192, PROT_READ, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    CALL(SYS_remap_file_pages, page, 4096, 0, 1, 0);
}
VICTIM(async_io, plain, "the old asynchronous I/O") {
    unsigned long context = 0;
    CALL(SYS_io_setup, 1, &context);
}
VICTIM(security_modules, plain, "which security modules the kernel has (lsm_list_modules)") {
    uint64_t list[32];
    uint32_t size = sizeof list;
    CALL(461, list, &size, 0);
}

static void call_32_bit(void) {
    long result;
    __asm__ volatile("int $0x80" : "=a"(result) : "a"(20L) : "memory", "r8", "r9", "r10", "r11");
    if (result == getpid()) _exit(PROBE);
}

VICTIM(abi_i386, plain, "a call by the 32-bit door, whose numbers differ") {
    int status = in_child(call_32_bit);
    if (WIFSIGNALED(status)) blocked(strsignal(WTERMSIG(status)));
    if (WEXITSTATUS(status) == PROBE) escaped("the call was served");
    blocked("no answer");
}

static void call_x32(void) {
    if (syscall(0x40000000 | SYS_getpid) == getpid()) _exit(PROBE);
    _exit(errno == ENOSYS ? 1 : 0);
}

VICTIM(abi_x32, plain, "a call with the x32 bit set, past a list of numbers") {
    int status = in_child(call_x32);
    if (WIFSIGNALED(status)) blocked(strsignal(WTERMSIG(status)));
    if (WEXITSTATUS(status) == PROBE) escaped("the call was served");
    errno = ENOSYS;
    refused();
}

/// Outside, a filter that is wrong in the way that is looked for.
static void refuse_unknown_calls(void) {
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, 600, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {4, code};
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

VICTIM(unknown_call, harmless, "a call not yet invented: anything but ENOSYS breaks programs or lets it in") {
    if (is_control()) refuse_unknown_calls();
    long result = syscall(999);
    if (result < 0 && errno == ENOSYS) blocked("as an old kernel would");
    escaped("answered %s", result < 0 ? strerrorname_np(errno) : "as if it were known");
}

/// Whether an ioctl reaches whatever the descriptor is: only a driver answers ENOTTY.
static _Noreturn void expect_filtered(unsigned long request) {
    char key[16] = "x";
    if (syscall(SYS_ioctl, 0, request, key) >= 0) escaped("the driver did it");
    if (errno == ENOTTY || errno == EINVAL || errno == EIO) escaped("the driver saw it (%s)", strerrorname_np(errno));
    refused();
}

VICTIM(tiocsti, tty, "typing into the terminal (TIOCSTI)") { expect_filtered(0x5412); }
VICTIM(tiocsti_high_bits, tty, "the same with high bits set, past a filter that compares 64 bits") {
    expect_filtered(0x100005412UL);
}
VICTIM(tioclinux, tty, "pasting into the console (TIOCLINUX)") { expect_filtered(0x541c); }
VICTIM(ioctl_device, tty, "any request to a driver that no program needs (TIOCSETD)") { expect_filtered(0x5423); }
