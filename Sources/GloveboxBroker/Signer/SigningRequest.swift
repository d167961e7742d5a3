package import GloveboxAttestation
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

    /// What the signer holds a report or a start statement against; nil for a disclosure record.
    package var evidence: SignerEvidence?

    /// Gathers a request.
    package init(
        leaf: Digest,
        payload: [UInt8],
        withTokens: Bool,
        entry: [UInt8],
        proof: [UInt8],
        evidence: SignerEvidence? = nil
    ) {
        self.evidence = evidence
        (self.leaf, self.payload, self.withTokens) = (leaf, payload, withTokens)
        (self.entry, self.proof) = (entry, proof)
    }

    /// Reads the form of ``json``.
    init(reading call: inout JSONFields) throws(GloveboxError) {
        (leaf, payload) = (try call.digest("leaf"), try call.base64("payload"))
        (entry, proof) = (try call.base64("entry"), try call.base64("proof"))
        withTokens = try call.required("tokens").bool ?? false
        evidence = try call.optional("evidence").map { (json) throws(GloveboxError) in
            var fields = try JSONFields(json, at: "evidence")
            let shown = SignerEvidence(
                manifest: try fields.base64("manifest"),
                manifestEnvelope: try fields.base64("manifestEnvelope"),
                trust: try KeyEvidence.trust(reading: &fields)
            )
            try fields.finish()
            return shown
        }
        try call.finish()
    }

    /// The call in which it goes to the signer.
    var json: JSONValue {
        func text(_ bytes: [UInt8]) -> JSONValue { .string(Base64.encode(bytes)) }
        var object = JSONObject([
            ("op", "sign"), ("leaf", leaf.json), ("payload", text(payload)), ("tokens", .bool(withTokens)),
            ("entry", text(entry)), ("proof", text(proof)),
        ])
        object["evidence"] = evidence.map { evidence in
            [
                "manifest": text(evidence.manifest), "manifestEnvelope": text(evidence.manifestEnvelope),
                "trust": KeyEvidence.json(trust: evidence.trust),
            ]
        }
        return .object(object)
    }
}
