#include "glovebox_digest.h"

#include <string.h>

#if defined(__x86_64__)
#include <cpuid.h>
#include <immintrin.h>

#define ON_SHA __attribute__((target("sha,sse4.1")))

// Also for sha256_two.S.
__attribute__((visibility("hidden"))) const uint32_t glx_sha256_constants[64] __attribute__((aligned(16))) = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

// The state as the instructions want it, and the last sixteen words of the message schedule.
struct message {
    __m128i abef, cdgh, schedule[4];
};

ON_SHA static inline void load(struct message *message, const uint32_t state[8]) {
    const __m128i cdab = _mm_shuffle_epi32(_mm_loadu_si128((const __m128i *)state), 0xb1);
    const __m128i efgh = _mm_shuffle_epi32(_mm_loadu_si128((const __m128i *)(state + 4)), 0x1b);
    message->abef = _mm_alignr_epi8(cdab, efgh, 8);
    message->cdgh = _mm_blend_epi16(efgh, cdab, 0xf0);
}

ON_SHA static inline void store(const struct message *message, uint32_t state[8]) {
    const __m128i feba = _mm_shuffle_epi32(message->abef, 0x1b);
    const __m128i dchg = _mm_shuffle_epi32(message->cdgh, 0xb1);
    _mm_storeu_si128((__m128i *)state, _mm_blend_epi16(feba, dchg, 0xf0));
    _mm_storeu_si128((__m128i *)(state + 4), _mm_alignr_epi8(dchg, feba, 8));
}

// `count` is a constant wherever this is inlined: the loops over messages vanish, and their rounds stand side by side.
ON_SHA __attribute__((always_inline)) static inline void compress(uint32_t *const states[], const uint8_t *bytes[],
                                                                  size_t blocks, const int count) {
    const __m128i big_endian = _mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203);
    struct message messages[3];
    for (int i = 0; i < count; i++) load(&messages[i], states[i]);
    for (; blocks > 0; blocks--) {
        __m128i abef[3], cdgh[3];
#pragma clang loop unroll(full)
        for (int i = 0; i < count; i++) {
            abef[i] = messages[i].abef;
            cdgh[i] = messages[i].cdgh;
        }
#pragma clang loop unroll(full)
        for (int step = 0; step < 16; step++) {
            const __m128i constant = _mm_load_si128((const __m128i *)&glx_sha256_constants[4 * step]);
#pragma clang loop unroll(full)
            for (int i = 0; i < count; i++) {
                __m128i *const schedule = messages[i].schedule;
                if (step < 4) {
                    const __m128i words = _mm_loadu_si128((const __m128i *)(bytes[i] + 16 * step));
                    schedule[step] = _mm_shuffle_epi8(words, big_endian);
                } else {
                    const __m128i last = schedule[(step + 3) & 3];
                    const __m128i middle = _mm_alignr_epi8(last, schedule[(step + 2) & 3], 4);
                    const __m128i first = _mm_sha256msg1_epu32(schedule[step & 3], schedule[(step + 1) & 3]);
                    schedule[step & 3] = _mm_sha256msg2_epu32(_mm_add_epi32(first, middle), last);
                }
                const __m128i words = _mm_add_epi32(schedule[step & 3], constant);
                messages[i].cdgh = _mm_sha256rnds2_epu32(messages[i].cdgh, messages[i].abef, words);
                messages[i].abef =
                    _mm_sha256rnds2_epu32(messages[i].abef, messages[i].cdgh, _mm_shuffle_epi32(words, 0x0e));
            }
        }
#pragma clang loop unroll(full)
        for (int i = 0; i < count; i++) {
            messages[i].abef = _mm_add_epi32(messages[i].abef, abef[i]);
            messages[i].cdgh = _mm_add_epi32(messages[i].cdgh, cdgh[i]);
            bytes[i] += 64;
        }
    }
    for (int i = 0; i < count; i++) store(&messages[i], states[i]);
}

// Whether the system keeps the registers that AVX needs when it changes tasks.
__attribute__((target("xsave"))) static bool keeps_registers(void) { return (_xgetbv(0) & 6) == 6; }

bool glx_sha256_available(void) {
    unsigned int a, b, c, d;
    const unsigned int needed = bit_SSSE3 | bit_SSE4_1 | bit_AVX | bit_OSXSAVE;
    if (!__get_cpuid(1, &a, &b, &c, &d) || (c & needed) != needed || !keeps_registers()) return false;
    return __get_cpuid_count(7, 0, &a, &b, &c, &d) && (b & bit_SHA);
}

#else

// Elsewhere nobody may call the functions.
#define ON_SHA
static void compress(uint32_t *const states[], const uint8_t *bytes[], size_t blocks, const int count) {
    (void)states, (void)bytes, (void)blocks, (void)count;
    __builtin_trap();
}

bool glx_sha256_available(void) { return false; }

void glx_sha256_two(uint32_t first[8], const uint8_t *first_bytes, uint32_t second[8], const uint8_t *second_bytes,
                    size_t blocks) {
    (void)first, (void)first_bytes, (void)second, (void)second_bytes, (void)blocks;
    __builtin_trap();
}

#endif

ON_SHA void glx_sha256_one(uint32_t state[8], const uint8_t *bytes, size_t blocks) {
    compress((uint32_t *const[]){state}, (const uint8_t *[]){bytes}, blocks, 1);
}

ON_SHA void glx_sha256_three(uint32_t first[8], const uint8_t *first_bytes, uint32_t second[8],
                             const uint8_t *second_bytes, uint32_t third[8], const uint8_t *third_bytes,
                             size_t blocks) {
    compress((uint32_t *const[]){first, second, third}, (const uint8_t *[]){first_bytes, second_bytes, third_bytes},
             blocks, 3);
}

void glx_sha256(uint8_t digest[32], const uint8_t *first, size_t first_count, const uint8_t *second,
                size_t second_count) {
    uint32_t state[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
    const uint64_t bits = ((uint64_t)first_count + second_count) * 8;
    uint8_t block[128] = {0};
    size_t held = 0;
    for (int part = 0; part < 2; part++) {
        const uint8_t *bytes = part == 0 ? first : second;
        size_t count = part == 0 ? first_count : second_count;
        if (held > 0 && count >= 64 - held) {
            memcpy(block + held, bytes, 64 - held);
            glx_sha256_one(state, block, 1);
            bytes += 64 - held, count -= 64 - held, held = 0;
        }
        if (held == 0 && count >= 64) {
            glx_sha256_one(state, bytes, count / 64);
            bytes += count / 64 * 64, count %= 64;
        }
        if (count > 0) memcpy(block + held, bytes, count);
        held += count;
    }
    // A one bit, zeros, and the length in the last eight bytes of a block.
    const size_t padded = held < 56 ? 64 : 128;
    memset(block + held, 0, padded - held);
    block[held] = 0x80;
    for (int i = 0; i < 8; i++) block[padded - 1 - i] = (uint8_t)(bits >> 8 * i);
    glx_sha256_one(state, block, padded / 64);
    for (int i = 0; i < 32; i++) digest[i] = (uint8_t)(state[i / 4] >> (24 - 8 * (i % 4)));
}
