package import GloveboxCore

extension Report {
    /// Which key was released and to whom; absent in reports of versions without a key broker.
    package struct KeyBinding: Sendable, Hashable {
        /// Id of the key-encryption key that the data key was wrapped under.
        package let kekID: Digest
        /// SHA-256 of the X25519 public key that the data key was sealed to.
        package let hpkeKey: Digest

        /// Names both keys.
        package init(kekID: Digest, hpkeKey: Digest) {
            self.kekID = kekID
            self.hpkeKey = hpkeKey
        }
    }

    /// `{"logIndex": "<decimal>", "kekId": "<hex>", "hpkeKey": {"sha256": "<hex>"}}`; source: attestation
    /// specification, section 4.1.
    struct KeyRelease: Wire {
        let logIndex: UInt64
        let binding: KeyBinding?

        var json: JSONValue {
            .members([
                ("logIndex", .decimal(logIndex)), ("kekId", binding.map { .string($0.kekID.hex) }),
                ("hpkeKey", binding?.hpkeKey.json),
            ])
        }

        init(logIndex: UInt64, binding: KeyBinding?) {
            self.logIndex = logIndex
            self.binding = binding
        }

        init(reading fields: inout JSONFields) throws(GloveboxError) {
            logIndex = try fields.decimal("logIndex")
            guard let kek = try fields.optionalString("kekId") else {
                binding = nil
                return
            }
            guard let id = Digest(hex: kek) else { throw GloveboxError("schema.value", "kekId is not 32 bytes in hex") }
            binding = KeyBinding(kekID: id, hpkeKey: try fields.digest("hpkeKey"))
        }
    }
}
