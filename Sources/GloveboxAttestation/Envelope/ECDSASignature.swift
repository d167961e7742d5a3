package import GloveboxCore

/// ECDSA P-256 signatures as strict DER: minimal integers, no zero, and a low `s` where Glovebox signs.
///
/// Source: attestation specification, section 3; SEC 1 appendix C.8.
package enum ECDSASignature {
    private static let order = hex("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551")
    private static let halfOrder = hex("7fffffff800000007fffffffffffffffde737d56d38bcf4279dce5617e3192a8")

    /// Encodes `r || s` (64 bytes) as DER, replacing a high `s` by `n - s`.
    package static func encode(raw: [UInt8]) -> [UInt8] {
        let high = Array(raw.suffix(32))
        let low = halfOrder.lexicographicallyPrecedes(high) ? subtract(order, high) : high
        let body = integer(Array(raw.prefix(32))) + integer(low)
        return [0x30, UInt8(body.count)] + body
    }

    /// Decodes DER to `r || s`.
    ///
    /// - Throws: `envelope.signature-encoding` for a zero, a value beyond 32 bytes or any form that is not minimal.
    package static func decode(der: [UInt8]) throws(GloveboxError) -> [UInt8] {
        let refused = GloveboxError(
            "envelope.signature-encoding",
            "the signature is not a minimal DER pair of integers"
        )
        guard der.count >= 8, der.count <= 72, der[0] == 0x30, Int(der[1]) == der.count - 2 else { throw refused }
        var at = 2
        var raw: [UInt8] = []
        for _ in 0..<2 {
            guard at + 2 <= der.count, der[at] == 2 else { throw refused }
            let length = Int(der[at + 1])
            guard length >= 1, length <= 33, at + 2 + length <= der.count else { throw refused }
            let value = Array(der[at + 2..<at + 2 + length].drop { $0 == 0 })
            guard !value.isEmpty, value.count <= 32, integer(value).elementsEqual(der[at..<at + 2 + length]) else {
                throw refused
            }
            raw += [UInt8](repeating: 0, count: 32 - value.count) + value
            at += 2 + length
        }
        guard at == der.count else { throw refused }
        return raw
    }

    private static func integer(_ value: [UInt8]) -> [UInt8] {
        var digits = Array(value.drop { $0 == 0 })
        if digits.isEmpty || digits[0] >= 0x80 { digits.insert(0, at: 0) }
        return [2, UInt8(digits.count)] + digits
    }

    private static func subtract(_ left: [UInt8], _ right: [UInt8]) -> [UInt8] {
        var out = left
        var borrow = 0
        for index in stride(from: 31, through: 0, by: -1) {
            let difference = Int(left[index]) - Int(right[index]) - borrow
            borrow = difference < 0 ? 1 : 0
            out[index] = UInt8(truncatingIfNeeded: difference)
        }
        return out
    }

    private static func hex(_ text: String) -> [UInt8] { Hex.decode(text) ?? [] }
}
