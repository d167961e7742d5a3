/// The host's side of the victims that look for something outside: started by `run`, ends with its stdin.
#include "victim.h"

#include <mqueue.h>
#include <netinet/in.h>
#include <poll.h>
#include <stddef.h>
#include <sys/file.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/un.h>

static void fail(const char *what) {
    perror(what);
    exit(1);
}

static int at(const char *root, const char *path, int flags) {
    char text[4096];
    snprintf(text, sizeof text, "%s%s", root, path);
    int file = open(text, flags | O_CREAT | O_CLOEXEC, 0666);
    if (file < 0) fail(text);
    return file;
}

static void keys(void) {
    if (shmget(HOST_KEY, 4096, IPC_CREAT | 0666) < 0) fail("shmget");
    if (semget(HOST_KEY, 1, IPC_CREAT | 0666) < 0) fail("semget");
    if (msgget(HOST_KEY, IPC_CREAT | 0666) < 0) fail("msgget");
    if (mq_open(HOST_NAME, O_RDWR | O_CREAT, 0666, NULL) < 0) fail("mq_open");
    if (shm_open(HOST_NAME, O_RDWR | O_CREAT, 0666) < 0) fail("shm_open");
}

static void forget_keys(void) {
    shmctl(shmget(HOST_KEY, 0, 0), IPC_RMID, NULL);
    semctl(semget(HOST_KEY, 0, 0), 0, IPC_RMID);
    msgctl(msgget(HOST_KEY, 0), IPC_RMID, NULL);
    mq_unlink(HOST_NAME);
    shm_unlink(HOST_NAME);
}

/// Locks that nothing else looks at: a byte far out, and a flock on /dev/full, which no script locks.
static void locks(const char *root) {
    struct flock range = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = HOST_OFFSET, .l_len = 1};
    if (flock(at(root, "/etc/locked", O_RDWR), LOCK_EX | LOCK_NB) < 0) fail("flock");
    if (flock(open("/dev/full", O_RDWR | O_CLOEXEC), LOCK_EX | LOCK_NB) < 0) fail("flock /dev/full");
    if (fcntl(open("/dev/null", O_RDWR | O_CLOEXEC), F_OFD_SETLK, &range) < 0) fail("lock /dev/null");
}

static void listen_at(const char *root, const char *path) {
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    int file = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    snprintf(name.sun_path, sizeof name.sun_path, "%s%s", root, path);
    if (bind(file, (struct sockaddr *)&name, sizeof name) < 0 || listen(file, 64) < 0) fail("socket");
    chmod(name.sun_path, 0777);
}

static void fifo_at(const char *root, const char *path) {
    char text[4096];
    snprintf(text, sizeof text, "%s%s", root, path);
    if (mkfifo(text, 0666) < 0 || open(text, O_RDWR | O_CLOEXEC) < 0) fail("fifo");
}

/// Something to notice, for whoever watches.
static void touch(const char *path) {
    char byte;
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (read(file, &byte, 1) < 0) perror(path);
    close(file);
}

/// What lies in a directory that is shown in the jail beside its root.
static void fill(const char *shown) {
    struct flock range = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = HOST_OFFSET, .l_len = 1};
    listen_at(shown, "/host.socket");
    fifo_at(shown, "/host.fifo");
    if (flock(at(shown, "/locked", O_RDWR), LOCK_EX | LOCK_NB) < 0) fail("flock");
    if (fcntl(at(shown, "/range", O_RDWR), F_OFD_SETLK, &range) < 0) fail("lock");
    if (write(at(shown, "/watched", O_RDWR), "x", 1) != 1) fail("watched");
}

static void sockets(const char *root) {
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    int abstract = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    memcpy(name.sun_path + 1, HOST_NAME, sizeof HOST_NAME - 1);
    socklen_t length = offsetof(struct sockaddr_un, sun_path) + sizeof HOST_NAME;
    if (bind(abstract, (struct sockaddr *)&name, length) < 0 || listen(abstract, 64) < 0) fail("abstract socket");

    listen_at(root, "/run/host.socket");

    struct sockaddr_in any = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int stream = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (bind(stream, (struct sockaddr *)&any, sizeof any) < 0 || listen(stream, 64) < 0) fail("loopback");
    length = sizeof any;
    getsockname(stream, (struct sockaddr *)&any, &length);
    printf("%d\n", ntohs(any.sin_port));
    fflush(stdout);
}

int host_side(const char *root, const char *shown) {
    char in_root[4096], in_shown[4096];
    umask(0);
    keys();
    locks(root);
    fifo_at(root, "/run/host.fifo");
    fill(shown);
    snprintf(in_root, sizeof in_root, "%s/etc/watched/file", root);
    snprintf(in_shown, sizeof in_shown, "%s/watched", shown);
    sockets(root);
    struct pollfd input = {.fd = 0, .events = POLLIN};
    while (poll(&input, 1, 20) == 0) {
        touch(in_root);
        touch(in_shown);
        close(open("/dev/zero", O_RDONLY | O_CLOEXEC));
    }
    forget_keys();
    return 0;
}
