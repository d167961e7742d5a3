internal import GloveboxAttestation
package import GloveboxCore

extension TPM {
    /// `TPM2_DictionaryAttackLockReset`, with the (empty) authorisation of the lockout hierarchy.
    func resetLockout() throws(GloveboxError) { try execute(TPMCommand(0x139, [0x4000_000a], [.password])) }

    /// `TPM2_Startup(CLEAR)`; a TPM that was started already stays as it is.
    func startup() throws(GloveboxError) {
        do { try execute(TPMCommand(0x144) { $0.number(UInt16(0)) }) } catch {
            // TPM_RC_INITIALIZE: started before. A resource manager answers in its own words.
            guard error.code == "tpm.refused", error.message.hasSuffix("code 100") || !isEmulated else { throw error }
        }
    }

    /// `TPM2_GetCapability`: at most 64 handles of one kind, from that one on.
    func handles(from first: UInt32) throws(GloveboxError) -> [UInt32] {
        var answer = try execute(
            TPMCommand(0x17a) {
                $0.number(UInt32(1))  // TPM_CAP_HANDLES
                $0.number(first)
                $0.number(UInt32(64))
            }
        )
        _ = try answer.parameters.take(5)
        var handles: [UInt32] = []
        for _ in 0..<(try answer.parameters.number(UInt32.self)) { handles.append(try answer.parameters.number()) }
        return handles
    }

    /// `TPM2_FlushContext`: forgets an object or a session.
    package func flush(_ handle: UInt32) throws(GloveboxError) {
        try execute(TPMCommand(0x165) { $0.number(handle) })
    }
}
