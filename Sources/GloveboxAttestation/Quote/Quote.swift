package import GloveboxCore

/// A quote with all that is needed to judge it.
package struct Quote: Sendable, Wire {
    /// `TPMS_ATTEST`: what the TPM signed.
    package let message: [UInt8]
    /// `TPMT_SIGNATURE`, ECDSA with SHA-256.
    package let signature: [UInt8]
    /// PCR values, in the file form of tpm2-tools.
    package let pcrs: [UInt8]
    /// `TPMT_PUBLIC` of the attestation key.
    package let attestationKey: [UInt8]
    /// What was measured into PCR 14.
    package let events: MeasuredEvents

    /// Gathers the parts.
    package init(
        message: [UInt8],
        signature: [UInt8],
        pcrs: QuotedPCRs,
        attestationKey: AttestationKey,
        events: MeasuredEvents
    ) {
        self.message = message
        self.signature = signature
        self.pcrs = pcrs.bytes
        self.attestationKey = attestationKey.area
        self.events = events
    }

    var json: JSONValue {
        [
            "msg": .string(Base64.encode(message)), "sig": .string(Base64.encode(signature)),
            "pcrs": .string(Base64.encode(pcrs)), "ak": .string(Base64.encode(attestationKey)),
            "eventLog": events.json,
        ]
    }

    init(reading fields: inout JSONFields) throws(GloveboxError) {
        message = try fields.base64("msg")
        signature = try fields.base64("sig")
        pcrs = try fields.base64("pcrs")
        attestationKey = try fields.base64("ak")
        events = try MeasuredEvents(reading: &fields, "eventLog")
    }

    /// The canonical JSON form.
    package var bytes: [UInt8] { CanonicalJSON.encode(json) }

    /// Reads the JSON form.
    ///
    /// - Throws: codes of the strict reader.
    package init(parsing bytes: [UInt8]) throws(GloveboxError) {
        var fields = try JSONFields(JSONReader.readCanonical(bytes), at: "quote")
        try self.init(reading: &fields)
        try fields.finish()
    }

    /// The files of an evidence directory, as `tpm2_checkquote` takes them.
    ///
    /// - Throws: `tpm.*` when the quote cannot be read.
    package func files() throws(GloveboxError) -> [(name: String, bytes: [UInt8])] {
        let nonce = try QuoteMessage(parsing: message).extraData
        return [
            ("q.msg", message), ("q.sig", signature), ("q.pcrs", pcrs), ("q.nonce", Array(Hex.encode(nonce).utf8)),
            ("ak.pem", try AttestationKey(parsing: attestationKey).key.pem), ("eventlog.json", events.bytes),
        ]
    }

    /// Names of those files.
    package static let fileNames = ["q.msg", "q.sig", "q.pcrs", "q.nonce", "ak.pem", "eventlog.json"]
}
