package import GloveboxCore

/// What the supervisor asks its signer to sign, with the proof that the log has the leaf's key.
package struct SigningRequest: Sendable {
    /// SHA-256 of the leaf's public key (SPKI).
    package var leaf: Digest
    /// The statement's bytes.
    package var payload: [UInt8]
    /// Whether the report's forms as CWT and JWT are wanted.
    package var withTokens: Bool
    /// The log's entry `key.created`.
    package var entry: [UInt8]
    /// Its tlog-proof.
    package var proof: [UInt8]

    /// Gathers a request.
    package init(leaf: Digest, payload: [UInt8], withTokens: Bool, entry: [UInt8], proof: [UInt8]) {
        (self.leaf, self.payload, self.withTokens) = (leaf, payload, withTokens)
        (self.entry, self.proof) = (entry, proof)
    }

    /// Reads the form of ``json``.
    init(reading call: inout JSONFields) throws(GloveboxError) {
        (leaf, payload) = (try call.digest("leaf"), try call.base64("payload"))
        (entry, proof) = (try call.base64("entry"), try call.base64("proof"))
        withTokens = try call.required("tokens").bool ?? false
        try call.finish()
    }

    /// The call in which it goes to the signer.
    var json: JSONValue {
        [
            "op": "sign", "leaf": leaf.json, "payload": .string(Base64.encode(payload)), "tokens": .bool(withTokens),
            "entry": .string(Base64.encode(entry)), "proof": .string(Base64.encode(proof)),
        ]
    }
}
