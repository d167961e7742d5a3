internal import CGloveboxDigest

internal import struct Crypto.SHA256

/// A SHA-256 that several can be taken of side by side on one core, where the processor has instructions for it; elsewhere
/// swift-crypto takes them one after the other.
///
/// Source: FIPS 180-4, sections 5.1.1, 5.3.3 and 6.2.
struct SHA256State: Sendable {
    /// Whether two digests of the same bytes take no longer than one.
    static let isInterleaved = glx_sha256_available()
    private static let block = 64

    private var words: SIMD8<UInt32> = [
        0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a, 0x510e_527f, 0x9b05_688c, 0x1f83_d9ab, 0x5be0_cd19,
    ]
    // The block that has begun, as far as it is known: the remainder of `length`.
    private var pending = SIMD64<UInt8>()
    private var length: UInt64 = 0
    private var library: SHA256?

    /// Starts with no bytes.
    init(interleaved: Bool = SHA256State.isInterleaved) { library = interleaved ? nil : SHA256() }

    /// Takes the next bytes.
    mutating func update(_ bytes: UnsafeRawBufferPointer) {
        if library != nil { return unsafe library?.update(bufferPointer: bytes) ?? () }
        let whole = unsafe wholeBlocks(bytes)
        let count = whole.count / Self.block
        unsafe withUnsafeMutableBytes(of: &words) { unsafe glx_sha256_one(Self.state($0), Self.start(whole), count) }
        unsafe keep(whole, after: count)
    }

    /// Takes the next bytes of one digest and the next of another.
    static func update(
        _ first: inout Self,
        _ firstBytes: UnsafeRawBufferPointer,
        _ second: inout Self,
        _ secondBytes: UnsafeRawBufferPointer
    ) {
        guard first.library == nil, second.library == nil else {
            unsafe first.update(firstBytes)
            unsafe second.update(secondBytes)
            return
        }
        // What came before differs in length, so blocks begin at different places.
        let (one, two) = unsafe (first.wholeBlocks(firstBytes), second.wholeBlocks(secondBytes))
        let count = min(one.count, two.count) / block
        unsafe withUnsafeMutableBytes(of: &first.words) { a in
            unsafe withUnsafeMutableBytes(of: &second.words) { b in
                unsafe glx_sha256_two(state(a), start(one), state(b), start(two), count)
            }
        }
        unsafe first.keep(one, after: count)
        unsafe second.keep(two, after: count)
    }

    /// Takes the same next bytes into three digests.
    static func update(
        _ first: inout Self,
        _ second: inout Self,
        _ third: inout Self,
        _ bytes: UnsafeRawBufferPointer
    ) {
        guard first.library == nil, second.library == nil, third.library == nil else {
            unsafe update(&first, bytes, &second, bytes)
            unsafe third.update(bytes)
            return
        }
        let (one, two, three) = unsafe (
            first.wholeBlocks(bytes), second.wholeBlocks(bytes), third.wholeBlocks(bytes)
        )
        let count = min(one.count, two.count, three.count) / block
        unsafe withUnsafeMutableBytes(of: &first.words) { a in
            unsafe withUnsafeMutableBytes(of: &second.words) { b in
                unsafe withUnsafeMutableBytes(of: &third.words) { c in
                    unsafe glx_sha256_three(
                        state(a),
                        start(one),
                        state(b),
                        start(two),
                        state(c),
                        start(three),
                        count
                    )
                }
            }
        }
        unsafe first.keep(one, after: count)
        unsafe second.keep(two, after: count)
        unsafe third.keep(three, after: count)
    }

    /// The 32 bytes of the digest.
    consuming func finish() -> [UInt8] {
        if let library { return Array(library.finalize()) }
        let begun = Int(length % UInt64(Self.block))
        var padding = [UInt8](repeating: 0, count: (begun < 56 ? 1 : 2) * Self.block - begun)
        padding[0] = 0x80
        let bits = length << 3
        for index in 0..<8 { padding[padding.count - 1 - index] = UInt8(truncatingIfNeeded: bits >> (8 * index)) }
        unsafe padding.withUnsafeBytes { unsafe update($0) }
        return words.indices.flatMap { index in
            (0..<4).map { UInt8(truncatingIfNeeded: words[index] >> (24 - 8 * $0)) }
        }
    }

    /// Completes the block that has begun, and gives the bytes after it; none when it is still not complete.
    private mutating func wholeBlocks(_ bytes: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
        let begun = Int(length % UInt64(Self.block))
        guard begun > 0 else { return unsafe bytes }
        let taken = unsafe bytes.prefix(Self.block - begun)
        unsafe put(UnsafeRawBufferPointer(rebasing: taken), at: begun)
        if unsafe begun + taken.count == Self.block {
            unsafe withUnsafeMutableBytes(of: &words) { state in
                unsafe withUnsafeBytes(of: pending) { unsafe glx_sha256_one(Self.state(state), Self.start($0), 1) }
            }
        }
        return unsafe UnsafeRawBufferPointer(rebasing: bytes.dropFirst(taken.count))
    }

    /// Counts blocks that were taken, and takes what is left after them.
    private mutating func keep(_ bytes: UnsafeRawBufferPointer, after blocks: Int) {
        length += UInt64(blocks * Self.block)
        let rest = unsafe UnsafeRawBufferPointer(rebasing: bytes.dropFirst(blocks * Self.block))
        if rest.count >= Self.block {
            unsafe update(rest)
        } else {
            unsafe put(rest, at: 0)
        }
    }

    private mutating func put(_ bytes: UnsafeRawBufferPointer, at offset: Int) {
        unsafe withUnsafeMutableBytes(of: &pending) { buffer in
            unsafe UnsafeMutableRawBufferPointer(rebasing: buffer[offset...]).copyMemory(from: bytes)
        }
        length += UInt64(bytes.count)
    }

    private static func state(_ words: UnsafeMutableRawBufferPointer) -> UnsafeMutablePointer<UInt32>? {
        unsafe words.assumingMemoryBound(to: UInt32.self).baseAddress
    }

    private static func start(_ bytes: UnsafeRawBufferPointer) -> UnsafePointer<UInt8>? {
        unsafe bytes.assumingMemoryBound(to: UInt8.self).baseAddress
    }
}
