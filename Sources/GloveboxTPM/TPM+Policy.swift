internal import GloveboxAttestation
internal import GloveboxCore

/// Policy sessions: how a TPM is shown that it is in a state its owner signed.
///
/// Source: TCG TPM 2.0 Library, part 3, sections 11 and 23.
extension TPM {
    /// `TPM2_StartAuthSession` of a policy, without a salt; gives its handle.
    func startPolicySession() throws(GloveboxError) -> UInt32 {
        var generator = SystemRandomNumberGenerator()
        let nonce = (0..<16).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
        return try execute(
            TPMCommand(0x176, [Self.nothing, Self.nothing], givesHandle: true) {
                $0.sized(nonce)
                $0.sized([])
                $0.number(UInt8(1))  // TPM_SE_POLICY
                $0.number(TPMAlgorithm.null)
                $0.number(TPMAlgorithm.sha256)
            }
        ).handle
    }

    /// `TPM2_PolicyPCR`: the PCRs have the values with that digest, now and until the session is used.
    func policyPCR(_ session: UInt32, _ indexes: [Int], digest: Digest) throws(GloveboxError) {
        try execute(
            TPMCommand(0x17f, [session]) {
                $0.sized(digest.bytes)
                $0.selection(of: indexes)
            }
        )
    }

    /// `TPM2_PolicyNV`: the counter has that value.
    func policyCounter(_ session: UInt32, _ index: UInt32, equals value: UInt64) throws(GloveboxError) {
        try execute(
            TPMCommand(0x149, [Self.owner, index, session], [.password]) {
                $0.sized(TPMWriter.make { $0.number(value) })
                $0.number(UInt16(0))  // offset
                $0.number(UInt16(0))  // TPM_EO_EQ
            }
        )
    }

    /// `TPM2_VerifySignature`: a ticket that the loaded key signed that digest.
    func verify(_ digest: Digest, signature: [UInt8], key: UInt32) throws(GloveboxError) -> [UInt8] {
        try execute(
            TPMCommand(0x177, [key]) {
                $0.sized(digest.bytes)
                $0.raw(signature)
            }
        ).parameters.rest
    }

    /// `TPM2_PolicyAuthorize`: the session's policy is one that the key with that Name signed.
    func policyAuthorize(
        _ session: UInt32,
        approved: Digest,
        reference: [UInt8],
        name: [UInt8],
        ticket: [UInt8]
    ) throws(GloveboxError) {
        try execute(
            TPMCommand(0x16a, [session]) {
                $0.sized(approved.bytes)
                $0.sized(reference)
                $0.sized(name)
                $0.raw(ticket)
            }
        )
    }

    /// `TPM2_Unseal` of a loaded object; the session ends with it.
    func unseal(_ object: UInt32, session: UInt32) throws(GloveboxError) -> [UInt8] {
        var answer = try execute(TPMCommand(0x15e, [object], [.policy(session)]))
        return try answer.parameters.sized()
    }

    private static var nothing: UInt32 { 0x4000_0007 }
}

extension TPMWriter {
    /// `TPML_PCR_SELECTION` of PCRs of the SHA-256 bank.
    mutating func selection(of indexes: [Int]) {
        number(UInt32(1))
        number(TPMAlgorithm.sha256)
        number(UInt8(3))
        raw(PCRSelection.map(indexes))
    }
}
