internal import GloveboxAttestation
package import GloveboxCore

/// A TPM's answer to a command that it carried out.
package struct TPMAnswer {
    /// Greatest length in bytes.
    static let limit = 4096
    /// The handle, for a command that makes an object or a session; else 0.
    let handle: UInt32
    /// The parameters.
    var parameters: TPMReader

    /// Reads an answer.
    ///
    /// - Throws: `tpm.refused` with the TPM's code; `tpm.encoding`.
    init(parsing bytes: [UInt8], to command: TPMCommand) throws(GloveboxError) {
        try self.init(
            parsing: bytes,
            givesHandle: command.givesHandle,
            hasSessions: !command.authorizations.isEmpty,
            code: command.code
        )
    }

    /// Reads an answer to a command of that shape.
    ///
    /// - Throws: `tpm.refused` with the TPM's code; `tpm.encoding`.
    package init(parsing bytes: [UInt8], givesHandle: Bool, hasSessions: Bool, code: UInt32) throws(GloveboxError) {
        var reader = TPMReader(bytes)
        let tag = try reader.number(UInt16.self)
        let size = try reader.number(UInt32.self)
        guard Int(size) == bytes.count, bytes.count <= Self.limit else {
            throw TPMReader.refused("an answer has another length than it says")
        }
        let result = try reader.number(UInt32.self)
        guard result == 0 else {
            throw GloveboxError(
                "tpm.refused",
                "the TPM refused command \(String(code, radix: 16)) with code \(String(result, radix: 16))"
            )
        }
        guard tag == (hasSessions ? 0x8002 : 0x8001) else { throw TPMReader.refused("an answer has the wrong tag") }
        handle = givesHandle ? try reader.number() : 0
        if hasSessions {
            let count = try reader.number(UInt32.self)
            guard count <= Self.limit else { throw TPMReader.refused("an answer's parameters are too long") }
            parameters = TPMReader(try reader.take(Int(count)))
        } else {
            parameters = reader
        }
    }

    /// Whether an answer is `TPM_RC_YIELDED`, `TPM_RC_TESTING` or `TPM_RC_RETRY`.
    static func asksAgain(_ answer: [UInt8]) -> Bool {
        [[0, 0, 0x09, 0x08], [0, 0, 0x09, 0x0a], [0, 0, 0x09, 0x22]].contains(Array(answer.dropFirst(6).prefix(4)))
    }

    /// The length an answer's first bytes announce; 10, a header, while they are too few.
    static func length(_ start: [UInt8]) -> Int {
        guard start.count >= 10 else { return 10 }
        return start[2..<6].reduce(0) { $0 << 8 | Int($1) }
    }
}
