// Loaded before Swift's library of locks: tells the thread sanitizer of the one way through Mutex that it does not see.
//
// A Mutex that is free is taken and given back by code inside the program, which the sanitizer has been built into. One that
// another thread holds or waits for is taken and given back in the library, which it has not. Both of those functions have
// the Mutex's own word, on which the rest of the lock works, as self.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdint.h>
#include <stdlib.h>

#define SWIFT __attribute__((swiftcall))
#define SELF __attribute__((swift_context))

#define LOCK "$s15Synchronization12_MutexHandleV9_lockSlowyys6UInt32VF"
#define UNLOCK "$s15Synchronization12_MutexHandleV11_unlockSlowyyF"

// The sanitizer's; other programs that load this do without.
__attribute__((weak)) void __tsan_acquire(void *);
__attribute__((weak)) void __tsan_release(void *);

SWIFT void lock(uint32_t own, SELF void *mutex) __asm__(LOCK);
SWIFT void unlock(SELF void *mutex) __asm__(UNLOCK);

static void *next(const char *name) {
    void *function = dlsym(RTLD_NEXT, name);
    if (!function) abort();
    return function;
}

SWIFT void lock(uint32_t own, SELF void *mutex) {
    SWIFT void (*function)(uint32_t, SELF void *) = (SWIFT void (*)(uint32_t, SELF void *))next(LOCK);
    function(own, mutex);
    if (__tsan_acquire) __tsan_acquire(mutex);
}

SWIFT void unlock(SELF void *mutex) {
    SWIFT void (*function)(SELF void *) = (SWIFT void (*)(SELF void *))next(UNLOCK);
    if (__tsan_release) __tsan_release(mutex);
    function(mutex);
}
