/// What is left in /out to fool whoever collects it. Unless said otherwise they are judged by what is collected.
#include "victim.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <sys/xattr.h>

static void enter_out(void) {
    if (chdir(under("/out")) < 0) refused();
}

static void file_with(const char *name, const char *text) {
    int file = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0644);
    if (file < 0 || write(file, text, strlen(text)) < 0) perror(name);
    close(file);
}

VICTIM(symbolic_link, plain, "a symbolic link to a file of the host") {
    enter_out();
    if (symlink(hint("secret"), "link") < 0) refused();
}

VICTIM(link_to_directory, plain, "a directory that is a link out, with a name below it") {
    enter_out();
    if (symlink("/", "directory") < 0) refused();
}

VICTIM(hard_link, plain, "two names for one file") {
    enter_out();
    file_with("one", "text");
    if (link("one", "two") < 0) refused();
}

VICTIM(fifo, plain, "a FIFO, on which a reader waits for ever") {
    enter_out();
    if (mkfifo("fifo", 0666) < 0) refused();
}

VICTIM(device, plain, "a device file (says itself)") {
    enter_out();
    expect_refused(mknod("device", S_IFCHR | 0666, 1 << 8 | 5), "made");
}

VICTIM(socket_file, plain, "a socket") {
    enter_out();
    struct sockaddr_un name = {AF_UNIX, "socket"};
    int file = socket(AF_UNIX, SOCK_STREAM, 0);
    if (file < 0 || bind(file, (struct sockaddr *)&name, sizeof name) < 0) refused();
}

VICTIM(sparse, plain, "a file of 1 TiB that is all hole") {
    enter_out();
    int file = open("hole", O_WRONLY | O_CREAT, 0600);
    signal(SIGXFSZ, SIG_IGN);
    if (file < 0 || ftruncate(file, 1L << 40) < 0) refused();
}

VICTIM(million_names, bounded, "10^6 names (outside it stops at 3000)") {
    enter_out();
    for (int count = 0; count < (is_control() ? 3000 : 1000000); count++) {
        char name[32];
        snprintf(name, sizeof name, "%d", count);
        int file = open(name, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
        if (file < 0) break;
        close(file);
    }
}

VICTIM(million_links, bounded, "10^6 names for one file, which cost no inode (outside it stops at 3000)") {
    enter_out();
    file_with("one", "text");
    for (int count = 0; count < (is_control() ? 3000 : 1000000); count++) {
        char name[32];
        snprintf(name, sizeof name, "%d", count);
        if (link("one", name) < 0) break;
    }
}

VICTIM(long_name, plain, "a name of 255 bytes, whole or not at all") {
    char name[256];
    enter_out();
    memset(name, 'n', 255);
    name[255] = 0;
    file_with(name, "text");
    file_with("zz-after", "text");
}

VICTIM(not_utf8, plain, "a name that is not UTF-8: kept to the byte, or left out and said so") {
    enter_out();
    file_with("\xff\xfe", "text");
    file_with("zz-after", "text");
}

VICTIM(terminal_name, plain, "a FIFO whose name steers the terminal of whoever is told that it was left out") {
    enter_out();
    if (mkfifo("\033]0;title\007\n", 0666) < 0) refused();
}

VICTIM(deep_tree, bounded, "directories 900 deep") {
    enter_out();
    for (int level = 0; level < 900; level++)
        if (mkdir("d", 0755) < 0 || chdir("d") < 0) break;
}

VICTIM(setuid_file, plain, "a setuid file") {
    enter_out();
    file_with("setuid", "text");
    if (chmod("setuid", 06755) < 0) refused();
}

VICTIM(attribute, plain, "an extended attribute (says itself)") {
    enter_out();
    file_with("file", "text");
    expect_refused(setxattr("file", "user.victim", "x", 1, 0), "set");
}

VICTIM(time_stamp, plain, "a chosen time on a file, as a message") {
    enter_out();
    file_with("file", "text");
    struct timespec times[2] = {{1234567890, 0}, {1234567890, 0}};
    if (utimensat(AT_FDCWD, "file", times, 0) < 0) refused();
}

VICTIM(permission_bits, plain, "chosen permissions on a file, as a message") {
    enter_out();
    file_with("file", "text");
    if (chmod("file", 0431) < 0) refused();
}

VICTIM(unreadable, plain, "a file and a directory that no one may read, to stop the collector") {
    enter_out();
    file_with("closed", "text");
    mkdir("directory", 0700);
    chmod("directory", 0);
    chmod("closed", 0);
    file_with("zz-after", "text");
}

VICTIM(late_child, bounded, "a child that rewrites the output when the job has ended") {
    enter_out();
    file_with("file", "early");
    if (fork() != 0) exit(0);
    setsid();
    signal(SIGTERM, SIG_IGN);
    for (int count = 0; count < 40; count++) {
        usleep(5000);
        file_with("file", "later");
    }
}

VICTIM(exchanging_child, bounded, "a child that swaps a file for a link while it is collected") {
    enter_out();
    file_with("file", "early");
    symlink(hint("secret"), "link");
    if (fork() != 0) exit(0);
    setsid();
    for (int count = 0; count < 200; count++) {
        syscall(SYS_renameat2, AT_FDCWD, "file", AT_FDCWD, "link", 2 /* RENAME_EXCHANGE */);
        usleep(1000);
    }
}
