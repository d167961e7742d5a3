package import GloveboxCore
package import GloveboxTransparency

/// A report as a Sigstore bundle, version 0.3: envelope, certificate, time stamp and log entry in one file.
///
/// Source: attestation specification, section 9.
package enum SigstoreBundle {
    static let mediaType = "application/vnd.dev.sigstore.bundle.v0.3+json"

    /// Puts a bundle together.
    ///
    /// - Parameters:
    ///   - envelope: the signed report.
    ///   - certificate: the leaf that signed it, DER.
    ///   - timestamp: RFC 3161 response over the signature, DER.
    ///   - entry: the report's leaf in the log.
    ///   - proof: that the log holds it.
    ///   - log: key of that log.
    /// - Returns: the file `report.sigstore.json`.
    /// - Throws: what ``TlogProof/verify(entry:log:)`` throws; nothing unproven is written.
    package static func make(
        _ envelope: Envelope,
        certificate: [UInt8],
        timestamp: [UInt8],
        entry: [UInt8],
        proof: TlogProof,
        log: NoteKey
    ) throws(GloveboxError) -> [UInt8] {
        let checkpoint = try proof.verify(entry: entry, log: log)
        let inclusion: JSONValue = [
            "logIndex": .decimal(proof.index), "treeSize": .decimal(checkpoint.size),
            "rootHash": .string(Base64.encode(checkpoint.root.bytes)),
            "hashes": .array(proof.hashes.map { .string(Base64.encode($0.bytes)) }),
            "checkpoint": ["envelope": .string(String(decoding: proof.checkpoint, as: UTF8.self))],
        ]
        let logged: JSONValue = [
            "logIndex": .decimal(proof.index), "logId": ["keyId": .string(Base64.encode(log.logID))],
            "kindVersion": ["kind": .string(HashedRekord.kind), "version": .string(HashedRekord.version)],
            "inclusionProof": inclusion, "canonicalizedBody": .string(Base64.encode(entry)),
        ]
        return CanonicalJSON.encode([
            "mediaType": .string(mediaType), "dsseEnvelope": envelope.json,
            "verificationMaterial": [
                "certificate": ["rawBytes": .string(Base64.encode(certificate))],
                "timestampVerificationData": [
                    "rfc3161Timestamps": [["signedTimestamp": .string(Base64.encode(timestamp))]]
                ], "tlogEntries": [logged],
            ],
        ])
    }
}
