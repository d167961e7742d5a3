package import GloveboxCore

/// What a TPM keeps for a broker: the 32 bytes that its key is sealed under, and a counter that only grows.
package struct SealingSecret: Sendable {
    /// The bytes.
    package let bytes: [UInt8]
    /// The root of trust: `tpm2` or `emulated-swtpm`.
    package let keeper: String
    /// The counter's value now.
    package let counter: UInt64
    /// Whether the ledger that is there is bound to the counter as it stands, by the owner's word: a store that was not
    /// counted before, or an older one.
    package let adopts: Bool

    /// Takes up a secret.
    ///
    /// - Throws: `broker.key` when it has not 32 bytes.
    package init(
        _ bytes: [UInt8],
        keeper: String,
        counter: UInt64,
        adopts: Bool = false
    ) throws(GloveboxError) {
        self.bytes = try Self.checked(bytes)
        self.keeper = keeper
        self.counter = counter
        self.adopts = adopts
    }

    /// Refuses what is no secret.
    ///
    /// - Throws: `broker.key`.
    package static func checked(_ bytes: [UInt8]) throws(GloveboxError) -> [UInt8] {
        guard bytes.count == 32 else { throw GloveboxError("broker.key", "the broker's secret has not 32 bytes") }
        return bytes
    }
}

extension SealingSecret {
    /// Reads the form of ``json``.
    ///
    /// - Throws: `schema.*`, `base64.invalid`, `broker.key`.
    init(json: JSONValue) throws(GloveboxError) {
        var fields = try JSONFields(json, at: "secret")
        let (bytes, keeper) = (try fields.base64("bytes"), try fields.string("keeper"))
        let (counter, adopts) = (try fields.decimal("counter"), try fields.bool("adopts"))
        try fields.finish()
        try self.init(bytes, keeper: keeper, counter: counter, adopts: adopts)
    }

    /// The form in which the supervisor hands it over.
    var json: JSONValue {
        [
            "bytes": .string(Base64.encode(bytes)), "keeper": .string(keeper), "counter": .string(String(counter)),
            "adopts": .bool(adopts),
        ]
    }
}
