/// Making the host believe that the run ended otherwise. All are judged by what the launcher reports.
#include "victim.h"

enum { STATUS = 7 };

VICTIM(exit_137, plain, "leaving with 137, to pass for one that was killed") { exit(137); }

VICTIM(false_messages, plain, "writing a false end of the run to every descriptor, then leaving with 7") {
    static const char message[] = "{\"exit\":0,\"status\":0}\n\0\0\0\0\0\0\0\0";
    for (int file = 3; file < 1024; file++)
        if (write(file, message, sizeof message - 1) < 0) continue;
    exit(STATUS);
}

VICTIM(false_report, plain, "half a report on stderr, to spoil the launcher's, then leaving with 7") {
    fputs("{\"exit\":0,\"signal\":null,\"status\":0}\n{\"exit\":0,", stderr);
    exit(STATUS);
}

VICTIM(kill_init, private, "every signal to init, SIGKILL and SIGSTOP too, then leaving with 7") {
    for (int number = 1; number < 65; number++)
        if (getpid() != 1) kill(1, number);
    usleep(50000);
    exit(STATUS);
}

VICTIM(kill_everything, private, "SIGKILL to every process it can reach, then leaving with 7") {
    if (getpid() != 1) kill(-1, SIGKILL);
    usleep(20000);
    exit(STATUS);
}
