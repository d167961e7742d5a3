package import GloveboxAttestation
package import GloveboxCore
package import GloveboxStore
package import GloveboxTransparency

/// What the supervisor asks its signer to certify, with the proof that the log has the node's enrolment.
package struct NodeCertification: Sendable {
    /// The node's own request (DER).
    package var request: [UInt8]
    /// End of the certificate, in whole seconds.
    package var notAfter: Instant
    /// The log's entry `node.enrolled`.
    package var entry: [UInt8]
    /// Its tlog-proof.
    package var proof: [UInt8]

    /// Gathers them.
    package init(request: [UInt8], notAfter: Instant, entry: [UInt8], proof: [UInt8]) {
        (self.request, self.notAfter, self.entry, self.proof) = (request, notAfter, entry, proof)
    }

    /// Reads the form of ``json``.
    init(reading call: inout JSONFields) throws(GloveboxError) {
        guard let end = Instant(try call.string("notAfter")) else {
            throw GloveboxError("signer.message", "the end of a node's certificate is no time")
        }
        notAfter = end
        request = try call.base64("request")
        (entry, proof) = (try call.base64("entry"), try call.base64("proof"))
        try call.finish()
    }

    /// The call in which it goes to the signer.
    var json: JSONValue {
        [
            "op": "certify", "request": .string(Base64.encode(request)), "notAfter": .string(notAfter.text),
            "entry": .string(Base64.encode(entry)), "proof": .string(Base64.encode(proof)),
        ]
    }
}

/// Issues certificates of nodes: to keys that asked for one themselves, and whose enrolment stands in the log.
package struct NodeCertifier: Sendable {
    private let authority: CertificateAuthority
    private let logs: [NoteKey]
    private let clock: LogClock

    /// Takes up the node CA, and the log's keys.
    package init(authority: CertificateAuthority, logs: [NoteKey], clock: LogClock = .system) {
        (self.authority, self.logs, self.clock) = (authority, logs, clock)
    }

    /// The certificate (DER).
    ///
    /// - Throws: `signer.log-first` when the log is not shown to hold the enrolment of this key until this time;
    ///   `node.request`, `cert.issue`.
    package func certify(_ certification: NodeCertification) throws(GloveboxError) -> [UInt8] {
        let request = try NodeRequest(der: certification.request)
        do throws(GloveboxError) {
            let event = try PublicEvent(logged: certification.entry, proof: certification.proof, logs: logs)
            guard event.kind == .nodeEnrolled, event["spki"] == request.key.digest.hex,
                event["notAfter"] == certification.notAfter.text
            else {
                throw GloveboxError("log.entry-mismatch", "the entry is not the enrolment of this key until this time")
            }
        } catch {
            throw GloveboxError(
                "signer.log-first",
                "the log is not shown to hold the node's enrolment: \(error.code): \(error.message)"
            )
        }
        return try authority.issueNode(request, now: clock.now().wall, notAfter: certification.notAfter)
    }
}
