#include "glovebox_digest.h"

#if defined(__x86_64__)
#include <cpuid.h>
#include <nmmintrin.h>
#include <string.h>

bool glx_crc32c_available(void) {
    unsigned a, b, c, d;
    return __get_cpuid(1, &a, &b, &c, &d) && (c & bit_SSE4_2) != 0;
}

__attribute__((target("sse4.2"))) uint32_t glx_crc32c(const uint8_t *bytes, size_t count) {
    uint64_t value = UINT32_MAX;
    for (; count >= 8; bytes += 8, count -= 8) {
        uint64_t word;
        memcpy(&word, bytes, sizeof word);
        value = _mm_crc32_u64(value, word);
    }
    for (; count > 0; bytes++, count--) value = _mm_crc32_u8((uint32_t)value, *bytes);
    return ~(uint32_t)value;
}

#else

bool glx_crc32c_available(void) { return false; }

uint32_t glx_crc32c(const uint8_t *bytes, size_t count) {
    (void)bytes, (void)count;
    __builtin_trap();
}

#endif
