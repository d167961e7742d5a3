package import GloveboxCore

/// A root's word that another root takes its place, so that who trusts the one can come to trust the other.
///
/// It stands in every later trust policy: a reader who pinned any root follows the chain from there.
package struct RootSuccession: Sendable, Equatable, Wire {
    private static let label = Array("glovebox-root-succession/1".utf8) + [0]
    /// Key of the root that speaks, SPKI.
    package let from: [UInt8]
    /// Key of the root that follows, SPKI.
    package let to: [UInt8]
    /// Signature of `from`, ECDSA P-256 with SHA-256, DER.
    package let signature: [UInt8]

    /// Has a root name its successor.
    ///
    /// - Throws: `key.signing`.
    package init(from old: CertificateAuthority, to new: CertificateAuthority) throws(GloveboxError) {
        from = old.key.publicKey.spki
        to = new.key.publicKey.spki
        signature = try old.key.signature(over: Self.message(from, to))
    }

    private static func message(_ from: [UInt8], _ to: [UInt8]) -> [UInt8] {
        label + Hashing.sha256(from).bytes + Hashing.sha256(to).bytes
    }

    package var json: JSONValue {
        [
            "from": .string(Base64.encode(from)), "to": .string(Base64.encode(to)),
            "sig": .string(Base64.encode(signature)),
        ]
    }

    init(reading fields: inout JSONFields) throws(GloveboxError) {
        from = try fields.base64("from")
        to = try fields.base64("to")
        signature = try fields.base64("sig")
    }

    /// Reads the JSON form strictly; whether the signature is right, ``lead(_:from:to:)`` says.
    ///
    /// - Throws: codes of the strict reader.
    package init(json: JSONValue) throws(GloveboxError) {
        var fields = try JSONFields(json, at: "succession")
        try self.init(reading: &fields)
        try fields.finish()
    }

    /// Whether a chain of such words leads from one root's key to another's.
    static func lead(_ chain: [RootSuccession], from old: VerifyingKey, to new: VerifyingKey) -> Bool {
        var key = old
        for step in chain where key != new && step.from == key.spki {
            do throws(GloveboxError) {
                try key.check(step.signature, over: message(step.from, step.to))
                key = try VerifyingKey(spki: step.to)
            } catch { return false }
        }
        return key == new
    }
}
