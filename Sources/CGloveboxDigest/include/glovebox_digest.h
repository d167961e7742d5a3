// SHA-256 compression (FIPS 180-4, section 6.2.2) of several messages side by side on one core.
//
// The processor's SHA instructions wait for each other within a message: one message leaves half of their throughput
// unused, two messages use all of it. libcrypto takes one message at a time.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// Whether this processor has the instructions; the functions below must not be called where it does not.
bool glx_sha256_available(void);

// Takes `blocks` blocks of 64 bytes into the state of one message, or of each of two (sha256_two.S) or three.
void glx_sha256_one(uint32_t state[8], const uint8_t *bytes, size_t blocks);
void glx_sha256_two(uint32_t first[8], const uint8_t *first_bytes, uint32_t second[8], const uint8_t *second_bytes,
                    size_t blocks);
void glx_sha256_three(uint32_t first[8], const uint8_t *first_bytes, uint32_t second[8], const uint8_t *second_bytes,
                      uint32_t third[8], const uint8_t *third_bytes, size_t blocks);

// The SHA-256 of two pieces of memory, one behind the other, with the same instructions.
void glx_sha256(uint8_t digest[32], const uint8_t *first, size_t first_count, const uint8_t *second,
                size_t second_count);

// The Castagnoli checksum (RFC 3720, appendix B.4) by the processor's own instruction, where it has it.
bool glx_crc32c_available(void);
uint32_t glx_crc32c(const uint8_t *bytes, size_t count);
