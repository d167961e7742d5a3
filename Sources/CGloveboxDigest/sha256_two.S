// glx_sha256_two: the compression of two messages, side by side.
//
// Each pair of rounds waits for the one before it, so one message leaves every second slot for such pairs unused. Two
// messages fill them, and take hardly longer than one, if neither is late often. On AMD Zen 5 that hangs on the places, in
// groups of eight, at which instructions come in: so every step has sixteen of them, in the order that was best among
// thousands, wherever bytes come from and however a loop is begun. In a compiler's order two take 1.3 times as long as one.
#if defined(__x86_64__)

// For message 1 and 2: the state and the bytes. Words of the schedule are in xmm3 to xmm6 and xmm9 to xmm12.
#define ABEF1 %xmm1
#define CDGH1 %xmm2
#define SUM1 %xmm13
#define BYTES1 %rsi
#define ABEF2 %xmm7
#define CDGH2 %xmm8
#define SUM2 %xmm14
#define BYTES2 %rcx
#define BIG_ENDIAN %xmm15
#define CONSTANTS %rax
#define BLOCKS %r8

// The four words of step `n` + 1 in four parts, in place of those of step `n` - 3; `last` are those of step `n`, `before`
// of `n` - 1, `second` of `n` - 2. The first three steps take them from the block.
.macro words1 n next last before bytes sum
    .if \n < 3
        vmovdqu 16 * (\n + 1)(\bytes), \next
    .elseif \n < 15
        vpalignr $4, \before, \last, \sum
    .else
        nop
    .endif
.endm
.macro words2 n next second
    .if \n < 3
        vpshufb BIG_ENDIAN, \next, \next
    .elseif \n < 15
        sha256msg1 \second, \next
    .else
        nop
    .endif
.endm
.macro words3 n next sum
    .if \n < 3 || \n == 15
        nop
    .else
        vpaddd \sum, \next, \next
    .endif
.endm
.macro words4 n next last
    .if \n < 3 || \n == 15
        nop
    .else
        sha256msg2 \last, \next
    .endif
.endm

// Four rounds of both messages with the words a1 and a2, and the words of the next four into b1 and b2.
.macro step n a1 b1 c1 d1 a2 b2 c2 d2
    words1 \n, \b1, \a1, \d1, BYTES1, SUM1
    words1 \n, \b2, \a2, \d2, BYTES2, SUM2
    vpaddd 16 * \n(CONSTANTS), \a1, %xmm0
    words2 \n, \b1, \c1
    words2 \n, \b2, \c2
    sha256rnds2 %xmm0, ABEF1, CDGH1
    vpshufd $0x0e, %xmm0, %xmm0
    words3 \n, \b1, SUM1
    sha256rnds2 %xmm0, CDGH1, ABEF1
    vpaddd 16 * \n(CONSTANTS), \a2, %xmm0
    sha256rnds2 %xmm0, ABEF2, CDGH2
    vpshufd $0x0e, %xmm0, %xmm0
    words3 \n, \b2, SUM2
    words4 \n, \b2, \a2
    words4 \n, \b1, \a1
    sha256rnds2 %xmm0, CDGH2, ABEF2
.endm

// The state as the instructions want it, and back.
.macro load state abef cdgh
    vpshufd $0xb1, (\state), SUM1
    vpshufd $0x1b, 16(\state), SUM2
    vpalignr $8, SUM2, SUM1, \abef
    vpblendw $0xf0, SUM1, SUM2, \cdgh
.endm
.macro store state abef cdgh
    vpshufd $0x1b, \abef, SUM1
    vpshufd $0xb1, \cdgh, SUM2
    vpblendw $0xf0, SUM2, SUM1, %xmm0
    vmovdqu %xmm0, (\state)
    vpalignr $8, SUM1, SUM2, %xmm0
    vmovdqu %xmm0, 16(\state)
.endm

    .text
    .globl glx_sha256_two
    .hidden glx_sha256_two
    .type glx_sha256_two, @function
    .p2align 6
// void glx_sha256_two(uint32_t first[8] %rdi, const uint8_t *first_bytes %rsi, uint32_t second[8] %rdx,
//                     const uint8_t *second_bytes %rcx, size_t blocks %r8)
glx_sha256_two:
    .cfi_startproc
    endbr64
    test BLOCKS, BLOCKS
    jz 2f
    vzeroupper
    lea glx_sha256_constants(%rip), CONSTANTS
    vmovdqa big_endian(%rip), BIG_ENDIAN
    load %rdi, ABEF1, CDGH1
    load %rdx, ABEF2, CDGH2
    .p2align 6
1:
    // The state before the block, in the red zone.
    vmovdqu ABEF1, -16(%rsp)
    vmovdqu CDGH1, -32(%rsp)
    vmovdqu ABEF2, -48(%rsp)
    vmovdqu CDGH2, -64(%rsp)
    vmovdqu (BYTES1), %xmm3
    vpshufb BIG_ENDIAN, %xmm3, %xmm3
    vmovdqu (BYTES2), %xmm9
    vpshufb BIG_ENDIAN, %xmm9, %xmm9
    .irp n, 0, 4, 8, 12
        step (\n+0), %xmm3, %xmm4, %xmm5, %xmm6, %xmm9, %xmm10, %xmm11, %xmm12
        step (\n+1), %xmm4, %xmm5, %xmm6, %xmm3, %xmm10, %xmm11, %xmm12, %xmm9
        step (\n+2), %xmm5, %xmm6, %xmm3, %xmm4, %xmm11, %xmm12, %xmm9, %xmm10
        step (\n+3), %xmm6, %xmm3, %xmm4, %xmm5, %xmm12, %xmm9, %xmm10, %xmm11
    .endr
    vpaddd -16(%rsp), ABEF1, ABEF1
    vpaddd -32(%rsp), CDGH1, CDGH1
    vpaddd -48(%rsp), ABEF2, ABEF2
    vpaddd -64(%rsp), CDGH2, CDGH2
    add $64, BYTES1
    add $64, BYTES2
    dec BLOCKS
    jnz 1b
    store %rdi, ABEF1, CDGH1
    store %rdx, ABEF2, CDGH2
2:
    ret
    .cfi_endproc
    .size glx_sha256_two, . - glx_sha256_two

    .section .rodata
    .p2align 4
big_endian:
    .quad 0x0405060700010203, 0x0c0d0e0f08090a0b
#endif

    .section .note.GNU-stack, "", @progbits
