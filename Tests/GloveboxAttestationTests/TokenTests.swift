import GloveboxCore
import Testing

@testable import GloveboxAttestation

@Suite struct TokenTests {
    /// Known answers of RFC 8949, appendix A, and what its rules of order give.
    @Test(arguments: [
        (CBOR.integer(0), "00"), (.integer(23), "17"), (.integer(24), "1818"), (.integer(100), "1864"),
        (.integer(1000), "1903e8"), (.integer(1_000_000), "1a000f4240"),
        (.integer(1_000_000_000_000), "1b000000e8d4a51000"), (.integer(-1), "20"), (.integer(-100), "3863"),
        (.integer(-1000), "3903e7"), (.integer(.min), "3b7fffffffffffffff"), (.bool(false), "f4"), (.bool(true), "f5"),
        (.null, "f6"), (.bytes([1, 2, 3, 4]), "4401020304"), (.text("IETF"), "6449455446"), (.text("\u{fc}"), "62c3bc"),
        (.array([.integer(1), .array([.integer(2)])]), "82018102"), (.tagged(18, .array([])), "d280"),
        (
            .map([(.text("b"), .integer(2)), (.integer(100), .integer(1)), (.integer(-1), .integer(0))]),
            "a31864012000616202"
        ),
    ])
    func `CBOR has the one deterministic encoding`(value: CBOR, expected: String) {
        #expect(Hex.encode(value.encoded) == expected)
    }
}
