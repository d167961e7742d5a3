package import GloveboxCore

/// Judges a quote; each check stands alone, so that a verdict lists every cause.
///
/// Public tools miss some of these: tpm2-tools before 5.7 accepts a message with another magic, and values under other PCR
/// numbers than were quoted. Source: attestation specification, section 8.
package struct QuoteChecks {
    /// The quote as given.
    package let quote: Quote
    /// What was signed, read.
    package let message: QuoteMessage
    /// The signing key, read.
    package let key: AttestationKey
    /// The PCR values, read.
    package let pcrs: QuotedPCRs

    /// Reads the parts.
    ///
    /// - Throws: `tpm.magic`, `tpm.type`, `tpm.pcr-selection`, `tpm.ak`, `tpm.encoding`.
    package init(_ quote: Quote) throws(GloveboxError) {
        self.quote = quote
        message = try QuoteMessage(parsing: quote.message)
        key = try AttestationKey(parsing: quote.attestationKey)
        pcrs = try QuotedPCRs(parsing: quote.pcrs)
    }

    /// The attestation key signed the message.
    ///
    /// - Throws: `tpm.signature`.
    package func signature() throws(GloveboxError) {
        do throws(GloveboxError) {
            try key.key.check(TPMSignature.der(quote.signature), over: quote.message)
        } catch { throw GloveboxError("tpm.signature", "the quote is not signed by its attestation key") }
    }

    /// The root vouched for the key, as a child of that endorsement key, and for what kind of TPM it is in.
    ///
    /// - Returns: the entry of the trust policy.
    /// - Throws: `tpm.ak`.
    @discardableResult
    package func attestationKey(
        _ trusted: [TrustedAttestationKey],
        claiming root: Report.RootOfTrust
    ) throws(GloveboxError) -> TrustedAttestationKey {
        guard let entry = trusted.first(where: { $0.name == key.name }) else {
            throw GloveboxError("tpm.ak", "the trust policy does not name this attestation key")
        }
        guard entry.rootOfTrust == root else {
            throw GloveboxError(
                "tpm.ak",
                "the key is in \(entry.rootOfTrust.rawValue), the report claims \(root.rawValue)"
            )
        }
        guard try message.qualifiedSigner == key.qualifiedName(under: entry.endorsementName) else {
            throw GloveboxError("tpm.ak", "the signer is not this key under its endorsement key")
        }
        guard message.firmware >= entry.minFirmware else {
            throw GloveboxError("tpm.ak", "the TPM's firmware is older than the trust policy allows")
        }
        return entry
    }

    /// The key is the one that the report names, where it names one.
    ///
    /// - Throws: `tpm.ak`.
    package func named(_ name: [UInt8]?) throws(GloveboxError) {
        guard name == nil || name == key.name else {
            throw GloveboxError("tpm.ak", "the report names another attestation key than the quote's")
        }
    }

    /// Exactly the PCRs of the specification were quoted, and the values are given under the same numbers.
    ///
    /// - Throws: `tpm.pcr-selection`.
    package func selection() throws(GloveboxError) {
        guard message.selection == PCRSelection.quoted, pcrs.values.map(\.index) == message.selection else {
            throw GloveboxError("tpm.pcr-selection", "the PCRs quoted or shown are not 0, 11, 12 and 14")
        }
    }

    /// The values are those that the TPM signed.
    ///
    /// - Throws: `tpm.pcr-digest`.
    package func digest() throws(GloveboxError) {
        guard pcrs.digest == message.digest else {
            throw GloveboxError("tpm.pcr-digest", "the PCR values are not those that were quoted")
        }
    }

    /// The events give PCR 14, and the last of them are the report's programs.
    ///
    /// - Throws: `tpm.event-log`.
    package func events(
        supervisor: Digest,
        launcher: Digest,
        reference: ReferenceValues
    ) throws(GloveboxError) {
        guard pcrs[MeasuredEvents.pcr] == quote.events.pcrValue else {
            throw GloveboxError("tpm.event-log", "the events do not give the value of PCR 14")
        }
        try quote.events.check(supervisor: supervisor, launcher: launcher, reference: reference)
    }

    /// The quote answers this caller, for this key and this plan.
    ///
    /// - Throws: `tpm.extra-data`.
    package func extraData(_ binding: QuoteBinding) throws(GloveboxError) {
        guard message.extraData == binding.extraData else {
            throw GloveboxError("tpm.extra-data", "the quote was made for another nonce, key or plan")
        }
    }

    /// The TPM was not set back since it was last seen.
    ///
    /// - Throws: `tpm.clock`.
    package func clock(after seen: TPMClock?) throws(GloveboxError) {
        guard seen.map(message.clock.mayFollow) ?? true else {
            throw GloveboxError("tpm.clock", "the TPM's clock or counters went back; it may be a copy")
        }
    }
}

/// `TPMT_SIGNATURE` of ECDSA with SHA-256.
package enum TPMSignature {
    /// The form of a DER signature in which a TPM reads it.
    ///
    /// - Throws: `envelope.signature-encoding`.
    package static func marshal(_ der: [UInt8]) throws(GloveboxError) -> [UInt8] {
        let raw = try ECDSASignature.decode(der: der)
        return TPMWriter.make {
            $0.number(TPMAlgorithm.ecdsa)
            $0.number(TPMAlgorithm.sha256)
            $0.sized(Array(raw.prefix(32)))
            $0.sized(Array(raw.suffix(32)))
        }
    }

    /// The same signature as DER.
    ///
    /// - Throws: `tpm.encoding`.
    package static func der(_ bytes: [UInt8]) throws(GloveboxError) -> [UInt8] {
        var reader = TPMReader(bytes)
        try reader.expect(TPMAlgorithm.ecdsa, "the signature's scheme")
        try reader.expect(TPMAlgorithm.sha256, "the signature's hash")
        let halves = [try reader.sized(), try reader.sized()]
        try reader.finish()
        var raw: [UInt8] = []
        for half in halves {
            guard half.count <= 32 else { throw TPMReader.refused("a signature half has more than 32 bytes") }
            raw += [UInt8](repeating: 0, count: 32 - half.count) + half
        }
        return ECDSASignature.encode(raw: raw)
    }
}
