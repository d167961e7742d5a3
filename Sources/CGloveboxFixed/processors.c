// Processors: one, whoever counts.
#include "fixed.h"

#include <sched.h>
#include <string.h>
#include <sys/sysinfo.h>
#include <unistd.h>

SHOWN int sched_getaffinity(pid_t pid, size_t size, cpu_set_t *set) {
    int result = NEXT(sched_getaffinity)(pid, size, set);
    if (result != 0) return result;
    memset(set, 0, size);
    CPU_SET_S(0, size, set);
    return 0;
}

SHOWN int sched_getcpu(void) { return 0; }

SHOWN int get_nprocs(void) { return 1; }

SHOWN int get_nprocs_conf(void) { return 1; }

SHOWN long sysconf(int name) {
    return name == _SC_NPROCESSORS_ONLN || name == _SC_NPROCESSORS_CONF ? 1 : NEXT(sysconf)(name);
}
