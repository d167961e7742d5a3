#include "fixed.h"

#include <dlfcn.h>
#include <stdlib.h>

// Linker options of this library, in the section where the Swift driver looks for them: the driver links its own runtime
// into every library, and only what is needed may stay. dlsym stands in libdl before glibc 2.34, under its old version.
__attribute__((section(".swift1_autolink_entries"), used)) static const char glx_link[] =
    "-Wl,--no-as-needed\0-l:libdl.so.2\0-Wl,--as-needed";
#if defined(__x86_64__)
__asm__(".symver dlsym, dlsym@GLIBC_2.2.5");
#elif defined(__aarch64__)
__asm__(".symver dlsym, dlsym@GLIBC_2.17");
#endif

uint64_t glx_seed;
int64_t glx_origin;

void *glx_next(const char *name) { return dlsym(RTLD_NEXT, name); }

static uint64_t glx_number(const char *name) {
    const char *text = getenv(name);
    uint64_t value = 0;
    for (; text && *text >= '0' && *text <= '9'; text++) value = value * 10 + (uint64_t)(*text - '0');
    return value;
}

// Before the program's own first instruction, or when a library is earlier still.
__attribute__((constructor)) void glx_start(void) {
    static int done;
    if (__atomic_load_n(&done, __ATOMIC_ACQUIRE)) return;
    glx_seed = glx_number("GLOVEBOX_SEED");
    glx_origin = (int64_t)glx_number("GLOVEBOX_CLOCK");
    __atomic_store_n(&done, 1, __ATOMIC_RELEASE);
}
