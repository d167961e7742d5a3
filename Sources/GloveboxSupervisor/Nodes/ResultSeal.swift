internal import GloveboxAttestation
internal import GloveboxCore

/// What a node signs of a result that leaves it in a file: every byte of it, and which order it answers.
///
/// Over a connection TLS does this; what a program wrote to its streams is in no statement.
struct ResultSeal {
    private static let type = "application/vnd.glovebox.node-result+json"
    private static let profile = "glovebox-node-result/1"

    /// The order's digest.
    let order: Digest
    /// SHA-256 of the file up to the seal.
    let file: Digest

    private var payload: [UInt8] {
        CanonicalJSON.encode(["profile": .string(Self.profile), "order": order.json, "file": file.json])
    }

    /// The seal's envelope.
    ///
    /// - Throws: `key.signing`.
    func signed(by key: SigningKey) throws(GloveboxError) -> [UInt8] {
        try key.sign(payload, type: Self.type).bytes
    }

    /// Checks that an envelope is this seal, by the key of a certificate (DER).
    ///
    /// - Throws: codes of envelopes and certificates; `worker.result` for another seal.
    func check(_ envelope: [UInt8], by certificate: [UInt8]) throws(GloveboxError) {
        let envelope = try Envelope(parsing: envelope, expecting: Self.type)
        try VerifyingKey(certificate: certificate).check(envelope.signature, over: envelope.pae)
        guard envelope.payload == payload else {
            throw GloveboxError("worker.result", "the file is not as the node sealed it, or answers another order")
        }
    }
}
