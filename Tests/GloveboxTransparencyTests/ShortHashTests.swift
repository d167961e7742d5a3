import Crypto
import Testing

import struct GloveboxCore.Digest

@testable import GloveboxTransparency

@Suite struct ShortHashTests {
    private static let bytes = (0..<400).map { UInt8(truncatingIfNeeded: $0 * 167 + $0 / 7) }

    @Test func `is the same with the processor's instructions and without, at any length behind any prefix`() {
        for prefix in [0, 1, 55, 56, 63, 64, 65, 130] {
            for end in prefix..<Self.bytes.count {
                let (head, tail) = (Array(Self.bytes[..<prefix]), Self.bytes[prefix..<end])
                let expected = Digest(SHA256.hash(data: Self.bytes[..<end]))
                #expect(ShortHash.of(head, tail) == expected)
                #expect(ShortHash.of(head, tail, builtIn: false) == expected)
            }
        }
    }

    @Test func `authenticates as swift-crypto does, with the processor's instructions and without`() {
        for (count, length) in [(0, 0), (1, 32), (31, 1), (32, 63), (64, 32), (200, 64)] {
            let (key, text) = (Array(Self.bytes[..<length]), Array(Self.bytes[100..<100 + count]))
            let expected = Array(HMAC<SHA256>.authenticationCode(for: text, using: SymmetricKey(data: key)))
            #expect(ShortHash.authentication(of: text, key: key).bytes == expected)
            #expect(ShortHash.authentication(of: text, key: key, builtIn: false).bytes == expected)
        }
    }

    @Test func `hashes two digests as the bytes they have`() {
        let (left, right) = (Digest(hashing: [1]), Digest(hashing: [2]))
        #expect(ShortHash.of([1], left, right) == Digest(hashing: [1] + left.bytes + right.bytes))
    }
}
