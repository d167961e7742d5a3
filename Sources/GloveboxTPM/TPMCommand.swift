internal import GloveboxAttestation

/// A command as it goes to the TPM.
struct TPMCommand {
    /// How a command shows that it may use a handle.
    enum Authorization {
        /// The empty password.
        case password
        /// A policy session, which ends with the command.
        case policy(UInt32)
    }

    /// Command code.
    let code: UInt32
    /// Handles, in order.
    let handles: [UInt32]
    /// One for each handle that asks for it.
    let authorizations: [Authorization]
    /// Whether the answer begins with a handle.
    let givesHandle: Bool
    /// The parameters.
    let parameters: [UInt8]

    init(
        _ code: UInt32,
        _ handles: [UInt32] = [],
        _ authorizations: [Authorization] = [],
        givesHandle: Bool = false,
        _ parameters: (inout TPMWriter) -> Void = { _ in }
    ) {
        self.code = code
        self.handles = handles
        self.authorizations = authorizations
        self.givesHandle = givesHandle
        self.parameters = TPMWriter.make(parameters)
    }

    /// The bytes to send.
    var bytes: [UInt8] {
        let sessions = TPMWriter.make { writer in
            for authorization in authorizations {
                switch authorization {
                case .password:
                    writer.number(UInt32(0x4000_0009))  // TPM_RS_PW
                    writer.sized([])
                    writer.number(UInt8(1))  // continueSession
                case .policy(let session):
                    writer.number(session)
                    writer.sized([])
                    writer.number(UInt8(0))
                }
                writer.sized([])
            }
        }
        let body = TPMWriter.make { writer in
            for handle in handles { writer.number(handle) }
            if !authorizations.isEmpty {
                writer.number(UInt32(sessions.count))
                writer.raw(sessions)
            }
            writer.raw(parameters)
        }
        return TPMWriter.make { writer in
            writer.number(UInt16(authorizations.isEmpty ? 0x8001 : 0x8002))
            writer.number(UInt32(body.count + 10))
            writer.number(code)
            writer.raw(body)
        }
    }
}
