/// Chooses a victim, and the few things all of them use.
#include "victim.h"

#include <stdarg.h>
#include <sys/prctl.h>

extern const struct victim *const __start_victims[];
extern const struct victim *const __stop_victims[];

static char **arguments;

static _Noreturn void finish(void) {
    fflush(stdout);
    _exit(0);
}

void blocked(const char *why) {
    printf("BLOCKED %s\n", why);
    finish();
}

void escaped(const char *format, ...) {
    va_list values;
    va_start(values, format);
    fputs("ESCAPED ", stdout);
    vprintf(format, values);
    putchar('\n');
    finish();
}

void refused(void) {
    const char *name = strerrorname_np(errno);
    blocked(name ? name : "unknown error");
}

void expect_refused(long result, const char *what) {
    if (result < 0) refused();
    escaped("%s", what);
}

const char *hint(const char *name) {
    size_t length = strlen(name);
    for (char **each = arguments; *each; each++)
        if (strncmp(*each, name, length) == 0 && (*each)[length] == '=') return *each + length + 1;
    return "";
}

bool is_control(void) { return *hint("control") != 0; }

const char *under(const char *path) {
    static char text[4096];
    const char *root = strncmp(path, "/out", 4) == 0 && *hint("out") ? hint("out") : hint("root");
    if (*hint("out") && root == hint("out")) path += 4;
    snprintf(text, sizeof text, "%s%s", root, path);
    return text;
}

const char *shown(const char *name) {
    static char text[4096];
    snprintf(text, sizeof text, "%s%s", is_control() ? hint("shown") : "/shown", name);
    return text;
}

void remove_quietly(const char *path) {
    int error = errno;
    unlink(path);
    errno = error;
}

int in_child(void (*body)(void)) {
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        body();
        _exit(0);
    }
    int status = 0;
    if (child < 0 || waitpid(child, &status, 0) != child) refused();
    return status;
}

pid_t sleeping_child(void) {
    pid_t child = fork();
    if (child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        pause();
        _exit(0);
    }
    if (child < 0) refused();
    return child;
}

void expect_unreadable(const char *path) {
    char byte;
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (file < 0) refused();
    ssize_t count = read(file, &byte, 1);
    if (count < 0) refused();
    if (count == 0) blocked("empty");
    escaped("%s is readable", path);
}

void expect_unwritable(const char *path) {
    expect_refused(open(path, O_WRONLY | O_CLOEXEC | O_NONBLOCK), "opened for writing");
}

int copy_self(int directory, const char *path) {
    char buffer[65536];
    int from = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    int to = *path ? openat(directory, path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0755) : directory;
    if (from < 0 || to < 0) return -1;
    ssize_t count;
    while ((count = read(from, buffer, sizeof buffer)) > 0)
        if (write(to, buffer, count) != count) return -1;
    close(from);
    if (*path) close(to);
    return count;
}

bool runs(int directory, const char *path) {
    char *const child[] = {"probe", "--probe", NULL};
    char *const environment[] = {NULL};
    int error[2];
    if (pipe2(error, O_CLOEXEC) < 0) refused();
    pid_t pid = fork();
    if (pid == 0) {
        syscall(SYS_execveat, directory, path, child, environment, *path ? 0 : AT_EMPTY_PATH);
        int number = errno;
        _exit(write(error[1], &number, sizeof number) > 0 ? 1 : 2);
    }
    close(error[1]);
    int status = 0, number = 0;
    if (pid < 0 || waitpid(pid, &status, 0) != pid) refused();
    if (read(error[0], &number, sizeof number) > 0) errno = number;
    return WIFEXITED(status) && WEXITSTATUS(status) == PROBE;
}

static int list(void) {
    for (const struct victim *const *each = __start_victims; each != __stop_victims; each++) {
        const char *slash = strrchr((*each)->file, '/');
        const char *theme = slash ? slash + 1 : (*each)->file;
        int length = strlen(theme) - 2;  // without .c
        printf("%s\t%.*s\t%s\t%s\n", (*each)->name, length, theme, (*each)->control, (*each)->tries);
    }
    return 0;
}

/// The effective user, for a copy that is setuid.
static int show_user(void) {
    printf("%d\n", geteuid());
    return 0;
}

int main(int count, char **values) {
    if (count < 2) return 2;
    arguments = values + 2;
    if (strcmp(values[1], "--probe") == 0) return PROBE;
    if (strcmp(values[1], "--list") == 0) return list();
    if (strcmp(values[1], "--user") == 0) return show_user();
    if (strcmp(values[1], "--killed") == 0) return raise(SIGKILL);  // what exit_137 is compared with
    if (strcmp(values[1], "--host") == 0 && count > 3) return host_side(values[2], values[3]);
    for (const struct victim *const *each = __start_victims; each != __stop_victims; each++) {
        if (strcmp((*each)->name, values[1]) != 0) continue;
        (*each)->run();
        return 0;
    }
    fprintf(stderr, "there is no victim %s\n", values[1]);
    return 2;
}
