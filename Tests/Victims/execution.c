/// Running what was not in the image.
#include "victim.h"

static _Noreturn void expect_no_execution(const char *path) {
    bool ran = copy_self(AT_FDCWD, path) == 0 && runs(AT_FDCWD, path);
    remove_quietly(path);
    if (ran) escaped("a program copied there ran");
    refused();
}

VICTIM(run_from_tmp, plain, "running a program copied to /tmp") { expect_no_execution(under("/tmp/copy")); }
VICTIM(run_from_shm, plain, "running a program copied to /dev/shm") { expect_no_execution(under("/dev/shm/copy")); }
VICTIM(run_from_out, plain, "running a program copied to /out") { expect_no_execution(under("/out/copy")); }

VICTIM(run_from_memory, plain, "running a program from a memfd") {
    int file = syscall(SYS_memfd_create, "copy", 0U);
    if (file < 0) refused();
    if (copy_self(file, "") < 0) refused();
    if (runs(file, "")) escaped("it ran");
    char path[64];
    snprintf(path, sizeof path, "/proc/self/fd/%d", file);
    if (runs(AT_FDCWD, path)) escaped("it ran by its path in /proc");
    refused();
}

VICTIM(memory_made_executable, plain, "a memfd made without MFD_NOEXEC_SEAL, then made executable") {
    int file = syscall(SYS_memfd_create, "copy", 0U);
    if (file < 0) refused();
    expect_refused(fchmod(file, 0777), "executable");
}

static _Noreturn void expect_not_mapped(const char *path) {
    int file = open(path, O_RDWR | O_CREAT, 0700);
    if (file < 0) refused();
    static const unsigned char code[] = {0xb8, 42, 0, 0, 0, 0xc3};  // mov eax, 42; ret
    if (write(file, code, sizeof code) != sizeof code) refused();
    int (*function)(void) = (int (*)(void))mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, file, 0);
    remove_quietly(path);
    if ((void *)function == MAP_FAILED) refused();
    if (function() == 42) escaped("code written there ran");
    blocked("wrong answer");
}

VICTIM(map_out, plain, "mapping a file of /out as code") { expect_not_mapped(under("/out/code")); }
VICTIM(map_tmp, plain, "mapping a file of /tmp as code") { expect_not_mapped(under("/tmp/code")); }

VICTIM(protect_tmp, plain, "mapping a file of /tmp, then mprotect to code") {
    const char *path = under("/tmp/code");
    int file = open(path, O_RDWR | O_CREAT, 0700);
    unlink(path);
    if (file < 0 || ftruncate(file, 4096) < 0) refused();
    void *page = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, file, 0);
    if (page == MAP_FAILED) refused();
    expect_refused(mprotect(page, 4096, PROT_READ | PROT_EXEC), "executable");
}
