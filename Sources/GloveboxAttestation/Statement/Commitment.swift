package import GloveboxCore

/// A digest that names bytes: salted where the bytes are private, plain where they are not.
///
/// Source: attestation specification, section 6.
package struct Commitment: Sendable, Hashable, Wire {
    /// How the value was computed.
    package enum Algorithm: String, Sendable {
        /// With a secret salt, so that small data cannot be guessed.
        case salted = "sha256-salted-v1"
        /// A plain digest, for mock data only.
        case plain = "sha256"
    }

    /// How the value was computed.
    package let algorithm: Algorithm
    /// 32 bytes.
    package let value: Digest

    /// Wraps a value.
    package init(_ algorithm: Algorithm, _ value: Digest) {
        self.algorithm = algorithm
        self.value = value
    }

    /// Commits to private bytes with 32 salt bytes that stay secret.
    package static func salted(_ bytes: [UInt8], salt: [UInt8]) -> Commitment {
        let length = UInt64(bytes.count)
        let size = (0..<8).map { UInt8(truncatingIfNeeded: length >> UInt64(56 - 8 * $0)) }
        return Commitment(.salted, Hashing.sha256(Array("glovebox/commit/v1".utf8) + salt + size + bytes))
    }

    var json: JSONValue { ["alg": .string(algorithm.rawValue), "value": .string(value.hex)] }

    init(reading fields: inout JSONFields) throws(GloveboxError) {
        self.algorithm = try fields.choice("alg")
        self.value = try fields.digestHex("value")
    }
}
