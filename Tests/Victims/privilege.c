/// Becoming more than one was started as.
#include "victim.h"

#include <grp.h>
#include <linux/capability.h>
#include <linux/securebits.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/xattr.h>

VICTIM(setuid_root, plain, "becoming user 0") { expect_refused(setresuid(0, 0, 0), "is user 0"); }
VICTIM(setgid_root, plain, "becoming group 0") { expect_refused(setresgid(0, 0, 0), "is group 0"); }

VICTIM(setgroups, plain, "taking a supplementary group") {
    gid_t list[] = {0, 4, 6};
    expect_refused(setgroups(3, list), "is in the groups");
}

VICTIM(clear_groups, plain, "dropping a group that denies something") {
    expect_refused(setgroups(0, NULL), "dropped the groups");
}

VICTIM(has_groups, plain, "being in a group of whoever started the jail") {
    gid_t list[64];
    gid_t wanted[] = {4};
    if (is_control() && setgroups(1, wanted) < 0) refused();
    int count = getgroups(64, list);
    if (count > 0) escaped("in %d groups", count);
    blocked("in none");
}

VICTIM(setuid_program, plain, "running a setuid-root program of the root") {
    char text[16] = "";
    int ends[2];
    if (pipe(ends) < 0) refused();
    pid_t child = fork();
    if (child == 0) {
        char *const arguments[] = {"setuid", "--user", NULL};
        if (is_control() && setresuid(65534, 65534, 65534) < 0) _exit(1);
        dup2(ends[1], 1);
        execv(under("/bin/setuid-victims"), arguments);
        _exit(1);
    }
    close(ends[1]);
    if (child < 0 || read(ends[0], text, sizeof text - 1) <= 0) blocked("it did not run");
    if (atoi(text) == 0) escaped("it ran as user 0");
    blocked("it ran as an ordinary user");
}

VICTIM(capset, plain, "raising a capability") {
    struct __user_cap_header_struct head = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct data[2] = {{1 << CAP_NET_RAW, 1 << CAP_NET_RAW, 0}, {0, 0, 0}};
    expect_refused(syscall(SYS_capset, &head, data), "raised");
}

VICTIM(capability_left, plain, "a capability left in any of the five sets") {
    struct __user_cap_header_struct head = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct data[2] = {0};
    if (syscall(SYS_capget, &head, data) < 0) refused();
    for (int half = 0; half < 2; half++)
        if (data[half].effective | data[half].permitted | data[half].inheritable) escaped("in the effective sets");
    for (int number = 0; prctl(PR_CAPBSET_READ, number, 0, 0, 0) >= 0; number++) {
        if (prctl(PR_CAPBSET_READ, number, 0, 0, 0) == 1) escaped("capability %d in the bounding set", number);
        if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, number, 0, 0) == 1) escaped("%d is ambient", number);
    }
    blocked("all empty");
}

VICTIM(ambient_capability, plain, "a capability that survives exec") {
    struct __user_cap_header_struct head = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct data[2] = {{1 << CAP_CHOWN, 1 << CAP_CHOWN, 1 << CAP_CHOWN}, {0, 0, 0}};
    syscall(SYS_capset, &head, data);
    expect_refused(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_CHOWN, 0, 0), "raised");
}

VICTIM(securebits, plain, "changing how user 0 gets capabilities") {
    expect_refused(prctl(PR_SET_SECUREBITS, SECBIT_KEEP_CAPS, 0, 0, 0), "changed");
}

VICTIM(new_privileges, plain, "a program that may still gain privileges") {
    if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1) blocked("no_new_privs is set");
    escaped("no_new_privs is not set");
}

VICTIM(no_filter, plain, "running without a seccomp filter") {
    if (prctl(PR_GET_SECCOMP, 0, 0, 0, 0) != 0 || errno == EPERM) blocked("filtered");
    escaped("no filter");
}

VICTIM(file_capability, plain, "giving a file a capability") {
    const char *path = under("/tmp/capable");
    struct {
        uint32_t magic, permitted, inheritable, high[2];
    } value = {0x02000000 | 1, ~0u, 0, {0, 0}};
    close(open(path, O_WRONLY | O_CREAT, 0755));
    long result = setxattr(path, "security.capability", &value, sizeof value, 0);
    remove_quietly(path);
    expect_refused(result, "given");
}

VICTIM(oom_score, plain, "being killed later than others when memory is short") {
    char text[16] = "";
    int file = open("/proc/self/oom_score_adj", O_RDWR);
    if (file < 0) refused();
    if (is_control() && write(file, "100", 3) != 3) refused();
    if (pread(file, text, sizeof text - 1, 0) < 0) refused();
    int length = snprintf(text, sizeof text, "%d", atoi(text) - 1);
    expect_refused(pwrite(file, text, length, 0), "lowered its score");
}

VICTIM(raise_limit, plain, "raising the limit of its processes") {
    struct rlimit old, more;
    if (getrlimit(RLIMIT_NPROC, &old) < 0) refused();
    if (old.rlim_cur == RLIM_INFINITY) escaped("there is no limit");
    more = old;
    if (is_control() && (old.rlim_cur -= 1, setrlimit(RLIMIT_NPROC, &old) < 0)) refused();
    more.rlim_cur = old.rlim_cur + 1;
    if (!is_control()) more.rlim_max = more.rlim_cur;
    expect_refused(setrlimit(RLIMIT_NPROC, &more), "raised");
}

VICTIM(core_dump, plain, "writing a core file") {
    struct rlimit limit;
    if (is_control()) setrlimit(RLIMIT_CORE, &(struct rlimit){RLIM_INFINITY, RLIM_INFINITY});
    if (getrlimit(RLIMIT_CORE, &limit) < 0) refused();
    if (limit.rlim_max > 1) escaped("may write %llu bytes", (unsigned long long)limit.rlim_max);
    blocked("the limit is less than any core file has");
}
