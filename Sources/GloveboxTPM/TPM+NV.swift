internal import GloveboxAttestation
package import GloveboxCore

extension TPM {
    /// `TPM2_NV_ReadPublic`: the public area of an index, `TPMS_NV_PUBLIC`, and the index's Name.
    package func readPublic(index: UInt32) throws(GloveboxError) -> (area: [UInt8], name: [UInt8]) {
        var answer = try execute(TPMCommand(0x169, [index]))
        let area = try answer.parameters.sized()
        return (area, try answer.parameters.sized())
    }

    /// `TPM2_NV_Read` of a whole index, with the owner's (empty) authorisation.
    package func read(index: UInt32) throws(GloveboxError) -> [UInt8] {
        let size = Int(try readPublic(index: index).area.suffix(2).reduce(UInt16(0)) { $0 << 8 | UInt16($1) })
        var out: [UInt8] = []
        while out.count < size {
            var answer = try execute(
                TPMCommand(0x14e, [Self.owner, index], [.password]) {
                    $0.number(UInt16(min(512, size - out.count)))
                    $0.number(UInt16(out.count))
                }
            )
            let part = try answer.parameters.sized()
            guard !part.isEmpty else { throw TPMReader.refused("an NV index gives fewer bytes than it has") }
            out += part
        }
        return out
    }

    /// `TPM2_NV_DefineSpace` of a counter that the owner reads and raises.
    package func defineCounter(_ index: UInt32) throws(GloveboxError) {
        let area = TPMWriter.make {
            $0.number(index)
            $0.number(TPMAlgorithm.sha256)
            // OWNERWRITE, AUTHWRITE, counter, OWNERREAD, AUTHREAD, NO_DA
            $0.number(UInt32(0x0206_0016))
            $0.sized([])
            $0.number(UInt16(8))
        }
        try execute(
            TPMCommand(0x12a, [Self.owner], [.password]) {
                $0.sized([])
                $0.sized(area)
            }
        )
        try increment(index)
    }

    /// Whether there is an index.
    package func hasIndex(_ index: UInt32) throws(GloveboxError) -> Bool { try handles(from: index).first == index }

    /// `TPM2_NV_Increment`.
    package func increment(_ index: UInt32) throws(GloveboxError) {
        try execute(TPMCommand(0x134, [Self.owner, index], [.password]))
    }

    /// Moves a counter up to a value; nothing where it stands there already.
    ///
    /// - Throws: `kbs.rollback` when it is beyond; `tpm.*`.
    package func raise(_ index: UInt32, to value: UInt64) throws(GloveboxError) {
        var now = try counter(index)
        guard now <= value else {
            throw GloveboxError("kbs.rollback", "the TPM's counter is \(now - value) beyond the broker's ledger")
        }
        while now < value {
            try increment(index)
            now += 1
        }
    }

    /// Value of a counter.
    package func counter(_ index: UInt32) throws(GloveboxError) -> UInt64 {
        var reader = TPMReader(try read(index: index))
        return try reader.number()
    }

    static var owner: UInt32 { 0x4000_0001 }
}
