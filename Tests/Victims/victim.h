/// What the victims share: how one is declared, and how it says what came of it.
///
/// A victim tries one thing and prints one line, `BLOCKED why` or `ESCAPED why`; it leaves with 0 either way. A victim
/// whose success shows only from outside prints nothing of the kind, and has a function `judge_NAME` in `run`.
#ifndef VICTIM_H
#define VICTIM_H

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

struct victim {
    const char *name;
    const char *file;     // its theme
    const char *control;  // how it is run outside: see docs/victims.md
    const char *tries;
    void (*run)(void);
};

/// Declares a victim; its body follows.
///
/// The control is `plain` (as root, no jail), `harmless` (the same, with arguments that change nothing), `private` (as
/// root in namespaces of its own, so that a success stays there), `tty` (plain, on a terminal) or `bounded` (plain, and
/// the victim stops by itself just past the jail's limit).
#define VICTIM(id, how, what)                                                                                   \
    static void run_##id(void);                                                                                 \
    static const struct victim victim_##id = {#id, __FILE__, #how, what, run_##id};                             \
    static const struct victim *const entry_##id __attribute__((used, section("victims"))) = &victim_##id;      \
    static void run_##id(void)

_Noreturn void blocked(const char *why);
_Noreturn void escaped(const char *format, ...) __attribute__((format(printf, 1, 2)));

/// BLOCKED with the name of errno.
_Noreturn void refused(void);

/// ESCAPED with the text when the result of a call is not negative, else BLOCKED with errno.
_Noreturn void expect_refused(long result, const char *what);

/// Value of the argument `name=value`, or an empty text.
const char *hint(const char *name);

/// Whether this is the run outside the jail that must succeed.
bool is_control(void);

/// The path as this run sees it: the jail's root is a directory of the host for the control.
const char *under(const char *path);

/// The path of a file in the directory that is shown in the jail, which a control sees where it is on the host.
const char *shown(const char *name);

/// ESCAPED when a process of the host takes a connection to the socket at that path.
_Noreturn void connect_unix(const char *path, size_t length);

/// Removes what a control may have made, and leaves errno as it is.
void remove_quietly(const char *path);

/// Runs the body in a child; its wait status.
int in_child(void (*body)(void));

/// A child that only sleeps; it dies with this process.
pid_t sleeping_child(void);

/// ESCAPED when one byte can be read from the file.
_Noreturn void expect_unreadable(const char *path);

/// ESCAPED when the file can be opened for writing; nothing is written.
_Noreturn void expect_unwritable(const char *path);

/// Copies this program there, executable; a negative number says it could not be.
int copy_self(int directory, const char *path);

/// Whether the program at that path, or of that descriptor when the path is empty, runs and answers.
bool runs(int directory, const char *path);

/// The host's side: holds locks, keys, sockets and queues until stdin ends; `shown` is a directory shown in the jail.
int host_side(const char *root, const char *shown);

/// What `--probe` leaves with, to show that it ran.
enum { PROBE = 42 };

/// Names that host and victims agree on.
#define HOST_KEY 0x676c6f76
#define HOST_NAME "/glovebox-victims"
#define HOST_OFFSET 424242

#endif
