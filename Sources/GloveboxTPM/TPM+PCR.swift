package import GloveboxAttestation
package import GloveboxCore

extension TPM {
    /// `TPM2_PCR_Extend` in the SHA-256 bank.
    package func extend(_ pcr: Int, with digest: Digest) throws(GloveboxError) {
        try execute(
            TPMCommand(0x182, [UInt32(pcr)], [.password]) {
                $0.number(UInt32(1))
                $0.number(TPMAlgorithm.sha256)
                $0.raw(digest.bytes)
            }
        )
    }

    /// `TPM2_PCR_Read` of at most eight PCRs of the SHA-256 bank.
    package func read(_ indexes: [Int]) throws(GloveboxError) -> QuotedPCRs {
        var answer = try execute(TPMCommand(0x17e) { $0.selection(of: indexes) })
        _ = try answer.parameters.take(4 + 4 + 6)  // update counter and the selection that was read
        guard try answer.parameters.number(UInt32.self) == UInt32(indexes.count) else {
            throw TPMReader.refused("the TPM gave fewer PCRs than were asked for; its SHA-256 bank may be off")
        }
        var values: [(index: Int, value: [UInt8])] = []
        for index in indexes { values.append((index, try answer.parameters.sized())) }
        return QuotedPCRs(values)
    }

    /// `TPM2_Quote`: `TPMS_ATTEST` and `TPMT_SIGNATURE`.
    package func quote(
        key: UInt32,
        extraData: [UInt8],
        _ indexes: [Int]
    ) throws(GloveboxError) -> (message: [UInt8], signature: [UInt8]) {
        var answer = try execute(
            TPMCommand(0x158, [key], [.password]) {
                $0.sized(extraData)
                $0.number(TPMAlgorithm.null)  // the scheme of the key itself
                $0.selection(of: indexes)
            }
        )
        let message = try answer.parameters.sized()
        return (message, answer.parameters.rest)
    }
}
