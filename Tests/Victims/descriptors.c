/// What was left open, and the programs that started this one.
#include "victim.h"

VICTIM(descriptor_left, plain, "a descriptor above 2 that was left open") {
    for (int file = 3; file < 1024; file++)
        if (fcntl(file, F_GETFD) >= 0) escaped("descriptor %d", file);
    blocked("none");
}

VICTIM(directory_left, plain, "a directory left open, whose .. is outside the root") {
    struct stat root, there;
    if (stat("/", &root) < 0) refused();
    if (is_control() && chroot(hint("root")) == 0 && stat("/", &root) < 0) refused();
    for (int file = 0; file < 1024; file++) {
        if (fstatat(file, "..", &there, 0) < 0) continue;
        int up = openat(file, "..", O_PATH | O_DIRECTORY);
        for (int level = 0; level < 64 && up >= 0; level++) up = openat(up, "..", O_PATH | O_DIRECTORY);
        if (up >= 0 && fstat(up, &there) == 0 && (there.st_ino != root.st_ino || there.st_dev != root.st_dev))
            escaped("descriptor %d leads to the host's root", file);
    }
    blocked("none");
}

VICTIM(stream_is_a_file, plain, "stdout or stderr is the host's own file, which can be rewritten") {
    struct stat status;
    for (int file = 1; file <= 2; file++)
        if (fstat(file, &status) == 0 && S_ISREG(status.st_mode)) escaped("descriptor %d is a file of the host", file);
    blocked("pipes");
}

VICTIM(stream_reopened, plain, "opening stdout again for reading, to see what the host writes there") {
    struct stat status;
    int file = open("/proc/self/fd/1", O_RDWR | O_NONBLOCK);
    if (file < 0) refused();
    if (fstat(file, &status) == 0 && S_ISREG(status.st_mode)) escaped("the host's file, read and write");
    blocked("its own pipe");
}

VICTIM(stream_is_a_terminal, tty, "a stream that is the terminal of whoever started the jail") {
    for (int file = 0; file < 3; file++)
        if (isatty(file)) escaped("descriptor %d is a terminal", file);
    blocked("none");
}

VICTIM(controlling_terminal, tty, "opening the controlling terminal") {
    expect_refused(open("/dev/tty", O_RDWR | O_NOCTTY), "opened");
}

VICTIM(same_session, plain, "sharing a session with the host, whose terminal signals it") {
    if (getsid(0) == 0) escaped("the session's leader is outside");
    if (is_control() && getsid(0) != getpid()) escaped("in the session of its starter");
    blocked("a session of its own");
}

VICTIM(parent_program, plain, "the program file of its parent") {
    char path[64];
    if (getppid() == 0) blocked("the parent is outside");
    snprintf(path, sizeof path, "/proc/%d/exe", getppid());
    expect_refused(open(path, O_RDONLY), "opened");
}

VICTIM(launcher_program, private, "the program file of init, to overwrite it later") {
    if (getpid() == 1) blocked("the program is process 1 itself");
    expect_refused(open("/proc/1/exe", O_RDONLY), "opened");
}

VICTIM(own_program, plain, "writing to its own program file") {
    int file = open(is_control() ? under("/etc/open") : "/proc/self/exe", O_WRONLY);  // not its own: it is busy
    expect_refused(file, "opened for writing");
}
