internal import GloveboxAttestation
package import GloveboxCore

/// A key-encryption key (KEK) as a TPM keeps it outside; the file `kek.sealed`.
///
/// It opens only in this TPM, and only in a state that its owner signed for this very key.
package struct SealedKey: Sendable, Equatable {
    /// The object.
    let wrapped: WrappedKey
    /// The counter's value when it was sealed.
    package let generation: UInt64

    init(_ wrapped: WrappedKey, generation: UInt64) {
        self.wrapped = wrapped
        self.generation = generation
    }

    /// Generation, then both halves of the object.
    package var bytes: [UInt8] {
        TPMWriter.make {
            $0.number(generation)
            $0.sized(wrapped.secret)
            $0.sized(wrapped.area)
        }
    }

    /// Reads the file.
    ///
    /// - Throws: `tpm.encoding`.
    package init(parsing bytes: [UInt8]) throws(GloveboxError) {
        var reader = TPMReader(bytes)
        generation = try reader.number()
        let secret = try reader.sized()
        wrapped = WrappedKey(secret: secret, area: try reader.sized())
        try reader.finish()
    }
}

extension TPM {
    /// The NV counter that moves when the owner signs anew, so that what was signed before opens nothing.
    package static let sealCounter: UInt32 = 0x0180_4742
    /// The NV counter that moves with every entry of the broker's ledger.
    package static let ledgerCounter: UInt32 = 0x0180_4743

    /// The state the TPM is in, for a key of that generation: what an owner is asked to sign.
    ///
    /// Makes the counter where there is none.
    ///
    /// - Throws: `tpm.unavailable`, `tpm.refused`.
    package func presentPolicy(generation: UInt64? = nil) throws(GloveboxError) -> UnsealPolicy {
        if try !hasIndex(Self.sealCounter) { try defineCounter(Self.sealCounter) }
        let values = try read([MeasuredEvents.pcr])
        guard let value = values[MeasuredEvents.pcr].flatMap(Digest.init(bytes:)) else {
            throw TPMReader.refused("the TPM did not give PCR 14")
        }
        let counter = try counter(Self.sealCounter)
        return UnsealPolicy(
            pcr: value,
            counterName: try readPublic(index: Self.sealCounter).name,
            counter: counter,
            generation: generation ?? counter
        )
    }

    /// Seals a key for the states that the owner signs from now on; it needs no signature yet.
    ///
    /// - Parameters:
    ///   - key: at most 128 bytes.
    ///   - owner: who signs.
    ///   - generation: the counter's value now.
    /// - Returns: the key as it may lie on a disk.
    /// - Throws: `tpm.unavailable`, `tpm.refused`.
    package func seal(
        _ key: [UInt8],
        owner: PolicyOwner,
        generation: UInt64
    ) throws(GloveboxError) -> SealedKey {
        let template = TPMWriter.make {
            $0.number(TPMAlgorithm.keyedHash)
            $0.number(TPMAlgorithm.sha256)
            // fixedTPM, fixedParent, adminWithPolicy, noDA; no password opens it
            $0.number(UInt32(0x0000_0492))
            $0.sized(UnsealPolicy.authorized(by: owner, generation: generation).bytes)
            $0.number(TPMAlgorithm.null)
            $0.sized([])
        }
        return try withStorageKey { parent throws(GloveboxError) in
            SealedKey(try create(under: parent, template: template, secret: key), generation: generation)
        }
    }

    /// Gives out a sealed key, if the TPM is in the state that the owner signed.
    ///
    /// It is the TPM that refuses, at the step the code names.
    ///
    /// - Throws: `kek.policy` when that owner did not sign this state for this key, `kek.state` when PCR 14 is another,
    ///   `kek.rollback` when the counter moved on, `tpm.*`.
    package func unseal(
        _ sealed: SealedKey,
        under signed: SignedUnsealPolicy,
        owner: PolicyOwner
    ) throws(GloveboxError) -> [UInt8] {
        let session = try startPolicySession()
        do throws(GloveboxError) {
            try satisfy(session, signed, owner)
            return try withStorageKey { parent throws(GloveboxError) in
                let object = try load(sealed.wrapped, under: parent)
                return try flushing(object.handle) { () throws(GloveboxError) in
                    try refused("kek.policy", "the owner did not sign this state for this key") {
                        () throws(GloveboxError) in try unseal(object.handle, session: session)
                    }
                }
            }
        } catch {
            // A session that a refused command was to end stays open.
            do throws(GloveboxError) { try flush(session) } catch {}
            throw error
        }
    }

    private func satisfy(
        _ session: UInt32,
        _ signed: SignedUnsealPolicy,
        _ owner: PolicyOwner
    ) throws(GloveboxError) {
        let policy = signed.policy
        try refused("kek.state", "PCR 14 does not hold what the owner signed: other programs or settings run") {
            () throws(GloveboxError) in
            try policyPCR(session, [MeasuredEvents.pcr], digest: policy.pcrDigest)
        }
        try refused("kek.rollback", "the counter does not stand where the owner's policy says") {
            () throws(GloveboxError) in
            try policyCounter(session, Self.sealCounter, equals: policy.counter)
        }
        let ticket = try refused("kek.policy", "the policy of the sealed key is not signed by its owner") {
            () throws(GloveboxError) -> [UInt8] in
            let key = try loadExternal(area: owner.area)
            return try flushing(key.handle) { () throws(GloveboxError) in
                try verify(
                    policy.signedDigest,
                    signature: TPMSignature.marshal(signed.signature),
                    key: key.handle
                )
            }
        }
        try refused("kek.policy", "the owner signed another policy than the TPM's state gives") {
            () throws(GloveboxError) in
            try policyAuthorize(
                session,
                approved: policy.digest,
                reference: policy.reference,
                name: owner.name,
                ticket: ticket
            )
        }
    }

    /// Runs a step; what the TPM refuses gets that code.
    private func refused<Value>(
        _ code: String,
        _ why: String,
        _ step: () throws(GloveboxError) -> Value
    ) throws(GloveboxError) -> Value {
        do throws(GloveboxError) { return try step() } catch {
            guard error.code == "tpm.refused" || error.code == "envelope.signature-encoding" else { throw error }
            throw GloveboxError(
                code,
                "\(why): \(error.message)",
                hint: "After an upgrade or a move the owner signs the present state anew."
            )
        }
    }

    private func withStorageKey<Value>(
        _ body: (UInt32) throws(GloveboxError) -> Value
    ) throws(GloveboxError) -> Value {
        let parent = try createPrimary(Self.owner, template: Self.storageKey)
        return try flushing(parent.handle) { () throws(GloveboxError) in try body(parent.handle) }
    }

    private func flushing<Value>(
        _ handle: UInt32,
        _ body: () throws(GloveboxError) -> Value
    ) throws(GloveboxError) -> Value {
        let value: Value
        do throws(GloveboxError) { value = try body() } catch {
            do throws(GloveboxError) { try flush(handle) } catch {}
            throw error
        }
        try flush(handle)
        return value
    }

    /// Template of the storage key below which sealed keys lie: the same key each time.
    private static let storageKey = TPMWriter.make {
        $0.number(TPMAlgorithm.ecc)
        $0.number(TPMAlgorithm.sha256)
        // fixedTPM, fixedParent, sensitiveDataOrigin, userWithAuth, noDA, restricted, decrypt
        $0.number(UInt32(0x0003_0472))
        $0.sized([])
        $0.number(TPMAlgorithm.aes)
        $0.number(UInt16(128))
        $0.number(TPMAlgorithm.cfb)
        $0.number(TPMAlgorithm.null)
        $0.number(TPMAlgorithm.p256)
        $0.number(TPMAlgorithm.null)
        $0.sized([])
        $0.sized([])
    }
}
