import Crypto
import GloveboxCore
import Testing

@testable import GloveboxMeasure

/// SHA-256 of this target's own code, against another implementation.
@Suite struct SHA256StateTests {
    private static func expected(_ bytes: [UInt8]) -> [UInt8] { Array(Crypto.SHA256.hash(data: bytes)) }

    private static func random(_ count: Int) -> [UInt8] { (0..<count).map { _ in .random(in: 0...255) } }

    /// Cuts bytes at random places, empty pieces among them.
    private static func cut(_ bytes: [UInt8]) -> [ArraySlice<UInt8>] {
        let places = (0..<Int.random(in: 0...4)).map { _ in Int.random(in: 0...bytes.count) }.sorted()
        return zip([0] + places, places + [bytes.count]).map { bytes[$0..<$1] }
    }

    @Test(arguments: [true, false])
    func `one digest is SHA-256, at every length around a block and however it is cut`(interleaved: Bool) {
        for length in Array(0...260) + (0..<300).map({ _ in Int.random(in: 0...20_000) }) {
            let bytes = Self.random(length)
            var state = SHA256State(interleaved: interleaved && SHA256State.isInterleaved)
            for piece in Self.cut(bytes) { unsafe piece.withUnsafeBytes { unsafe state.update($0) } }
            #expect(state.finish() == Self.expected(bytes), "\(length) bytes")
        }
    }

    @Test(arguments: [true, false])
    func `two and three digests side by side are SHA-256, whatever came before each`(interleaved: Bool) {
        let interleaved = interleaved && SHA256State.isInterleaved
        for _ in 0..<400 {
            let shared = Self.random(.random(in: 0...3000))
            var whole = (0..<5).map { _ in Self.random(.random(in: 0...200)) }
            var states = whole.map { start in
                var state = SHA256State(interleaved: interleaved)
                unsafe start.withUnsafeBytes { unsafe state.update($0) }
                return state
            }
            for piece in Self.cut(shared) {
                var (a, b, c, d, e) = (states[0], states[1], states[2], states[3], states[4])
                unsafe piece.withUnsafeBytes {
                    unsafe SHA256State.update(&a, $0, &b, $0)
                    unsafe SHA256State.update(&c, &d, &e, $0)
                }
                states = [a, b, c, d, e]
            }
            for index in whole.indices {
                whole[index] += shared
                #expect(states[index].finish() == Self.expected(whole[index]))
            }
        }
    }

    @Test func `the published digests come out`() {
        for (text, digest) in [
            ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
            ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
            (
                "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
                "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
            ),
            (
                String(repeating: "a", count: 1_000_000),
                "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"
            ),
        ] { #expect(SHA256Stream.digest(Array(text.utf8)).hex == digest) }
    }
}
