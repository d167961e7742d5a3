package import GloveboxAttestation
package import GloveboxCore
internal import GloveboxLinux
internal import Synchronization

/// The supervisor's side: starts the signer, asks it, and starts it again when it died.
///
/// A call that meets a dead signer fails with `signer.unavailable`; the next one has a new signer, with none of the leaves
/// of the one before.
package final class SignerLink: Sendable {
    private struct Connection {
        let companion: Companion
        let user: UInt32
    }

    /// Seconds without an answer after which a signer counts as dead.
    private static let timeout = 60

    private let program: String
    private let directory: String
    private let keys: SignerKeys
    private let connection = Mutex<Connection?>(nil)

    /// A link that is not yet made: to `gloveboxd signer` in a directory, with those keys in force.
    package init(daemon program: String, directory: String, keys: SignerKeys) {
        (self.program, self.directory, self.keys) = (program, directory, keys)
    }

    deinit { close() }

    /// Ends the signer; a later call would start another.
    package func close() {
        connection.withLock { connection in
            connection?.companion.end()
            connection = nil
        }
    }

    /// The process id of the signer; nil while there is none.
    package var process: Int32? { connection.withLock { $0?.companion.process.pid } }

    /// The user the signer runs as; it is started for the answer.
    ///
    /// - Throws: `signer.unavailable`, and what kept the signer from opening its keys.
    package func user() throws(GloveboxError) -> UInt32 {
        try connection.withLock { (connection: inout Connection?) throws(GloveboxError) in
            try connected(&connection).user
        }
    }

    /// A new leaf's public key.
    ///
    /// - Throws: as ``StatementSigner/leaf()``; `signer.unavailable`.
    package func leaf() throws(GloveboxError) -> VerifyingKey {
        var fields = try JSONFields(ask(["op": "leaf"]), at: "answer")
        return try VerifyingKey(spki: fields.base64("spki"))
    }

    /// The signed statement.
    ///
    /// - Throws: as ``StatementSigner/sign(_:)``; `signer.unavailable`.
    package func sign(_ request: SigningRequest) throws(GloveboxError) -> SignedStatement {
        try SignedStatement(json: ask(request.json))
    }

    /// The certificate (DER) of a node.
    ///
    /// - Throws: as ``NodeCertifier/certify(_:)``; `node.authority` without a node CA, `signer.unavailable`.
    package func certify(_ certification: NodeCertification) throws(GloveboxError) -> [UInt8] {
        var fields = try JSONFields(ask(certification.json), at: "answer")
        return try fields.base64("certificate")
    }

    private func ask(_ call: JSONValue) throws(GloveboxError) -> JSONValue {
        try connection.withLock { (connection: inout Connection?) throws(GloveboxError) -> JSONValue in
            let companion = try connected(&connection).companion
            let answer: Result<JSONValue, GloveboxError>
            do throws(SyscallError) { answer = try companion.ask(call) } catch {
                companion.end()
                connection = nil
                throw Self.died(error)
            }
            return try answer.get()
        }
    }

    private func connected(_ connection: inout Connection?) throws(GloveboxError) -> Connection {
        if let connection { return connection }
        let companion: Companion
        do throws(SyscallError) {
            companion = try Companion.start(
                program,
                arguments: ["gloveboxd", "signer"],
                directory: directory,
                timeout: Self.timeout
            )
        } catch { throw error.coded("signer.unavailable") }
        do throws(GloveboxError) {
            let answer: Result<JSONValue, GloveboxError>
            do throws(SyscallError) { answer = try companion.ask(keys.json) } catch { throw Self.died(error) }
            var fields = try JSONFields(answer.get(), at: "greeting")
            let made = Connection(
                companion: companion,
                user: UInt32(truncatingIfNeeded: try fields.decimal("user"))
            )
            connection = made
            return made
        } catch {
            companion.end()
            throw error
        }
    }

    private static func died(_ error: SyscallError) -> GloveboxError {
        GloveboxError(
            "signer.unavailable",
            "the signer ended: \(error.coded("signer.unavailable").message)",
            hint: "It is started again for the next call; why it ended stands in the daemon's own messages."
        )
    }
}
