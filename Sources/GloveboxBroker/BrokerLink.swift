package import GloveboxAttestation
package import GloveboxCore
internal import GloveboxLinux
package import GloveboxPrivacy
internal import Synchronization

/// The supervisor's side: starts the broker, asks it, and starts it again when it died.
///
/// A call that meets a dead broker fails with `kbs.unavailable`; the next one has a new broker. Nothing is lost by asking
/// again: the same request gets the same answer.
package final class BrokerLink: Sendable {
    /// How the broker is started: the program, its arguments, and the directory that is its own.
    package struct Launch: Sendable {
        /// The program.
        package var program: String
        /// Its arguments, its name first.
        package var arguments: [String]
        /// The broker's directory.
        package let directory: String
        /// Seconds without an answer after which a broker counts as dead.
        package var timeout = 60
        /// What opens the store where a TPM keeps it, asked anew for each start and kept by nobody; nil where the broker
        /// has it in a file.
        package var secret: @Sendable () throws(GloveboxError) -> SealingSecret? = { () throws(GloveboxError) in nil }
        /// Moves the TPM's counter up to a value; durable when it returns.
        package var raise: @Sendable (UInt64) throws(GloveboxError) -> Void = { _ throws(GloveboxError) in }

        /// `gloveboxd broker`.
        package init(daemon: String, directory: String) {
            program = daemon
            arguments = ["gloveboxd", "broker"]
            self.directory = directory
        }
    }

    /// What a broker says of itself when it is met.
    package struct Greeting: Sendable {
        /// How far its ledger goes.
        package let ledger: LedgerState
        /// Grants that the log was not known to have.
        package let grants: [KeyGrant]
        /// Names the key-encryption key.
        package let kekID: Digest
        /// Key for what the supervisor itself encrypts and reads again.
        package let historyKey: [UInt8]
        /// Value of the TPM's counter that the ledger is bound to; nil where nothing counts.
        let counter: UInt64?
        /// What holds the key-encryption key: `software`, or a root of trust.
        package let sealing: String
        /// The user the broker runs as.
        package let user: UInt32
    }

    private struct Connection {
        let companion: Companion
        let greeting: Greeting
        /// How many entries of the ledger the TPM's counter stands for.
        var counted: UInt64
    }

    private struct State {
        var launch: Launch
        var connection: Connection?
        var known: LedgerState?
    }

    private let state: Mutex<State>

    /// A link that is not yet made; ``greet(knowing:)`` makes it.
    package init(_ launch: Launch) { state = Mutex(State(launch: launch)) }

    deinit { close() }

    /// Ends the broker; a later call would start another.
    package func close() { state.withLock { state in Self.end(&state) } }

    /// Starts the next broker in another way; the present one ends.
    package func relaunch(_ change: @Sendable (inout Launch) -> Void) {
        state.withLock { state in
            change(&state.launch)
            Self.end(&state)
        }
    }

    /// The process id of the broker; nil while there is none.
    package var process: Int32? { state.withLock { $0.connection?.companion.process.pid } }

    /// Does something while the broker is asked nothing, so that its store stands still.
    ///
    /// - Throws: what the closure throws.
    package func whileSilent<Value: Sendable>(
        _ body: () throws(GloveboxError) -> Value
    ) throws(GloveboxError) -> Value {
        try state.withLock { _ throws(GloveboxError) in try body() }
    }

    /// Meets the broker, and refuses one whose ledger is older than what the log knows.
    ///
    /// - Throws: `kbs.rollback`, `kbs.unavailable`, and what kept the broker from opening its store.
    package func greet(knowing known: LedgerState?) throws(GloveboxError) -> Greeting {
        try state.withLock { (state: inout State) throws(GloveboxError) in
            state.known = known
            return try Self.connected(&state).greeting
        }
    }

    /// As met; a broker that died is started again.
    ///
    /// - Throws: as ``greet(knowing:)``.
    package func greeting() throws(GloveboxError) -> Greeting {
        try state.withLock { (state: inout State) throws(GloveboxError) in try Self.connected(&state).greeting }
    }

    /// Notes how far the log now knows the ledger.
    package func note(_ ledger: LedgerState) { state.withLock { $0.known = ledger } }

    /// Takes in the keys of a dataset; how far the ledger then goes.
    ///
    /// - Throws: `kbs.*`, `store.*`.
    package func enrol(
        file: String,
        commitment: Digest,
        keys: DatasetKeys
    ) throws(GloveboxError) -> LedgerState {
        try ask([
            "op": "enrol", "file": .string(file), "commitment": commitment.json,
            "keys": .string(Base64.encode(keys.bytes)),
        ]).ledger
    }

    /// Has the broker make another key-encryption key, and names it.
    ///
    /// - Throws: `kbs.unavailable`.
    package func prepareRotation() throws(GloveboxError) -> Digest {
        var fields = try JSONFields(ask(["op": "prepareRotation"]).answer, at: "answer")
        return try fields.digest("kekId")
    }

    /// Has the broker put that key in force; it is met anew afterwards, since what it said of itself no longer holds.
    ///
    /// - Throws: `kbs.message` when the broker that made the key died, `store.*`, `kbs.unavailable`.
    package func rotate() throws(GloveboxError) {
        note(try ask(["op": "rotate"]).ledger)
        close()
    }

    /// A nonce for one request within five minutes.
    ///
    /// - Throws: `kbs.*`.
    package func nonce() throws(GloveboxError) -> [UInt8] {
        var fields = try JSONFields(ask(["op": "nonce"]).answer, at: "answer")
        return try fields.base64("nonce")
    }

    /// Shows evidence; the grant, and how far the ledger goes with it.
    ///
    /// - Throws: as ``KeyBroker/grant(_:nonce:file:joined:policy:)``; `kbs.unavailable`.
    package func grant(
        _ evidence: KeyEvidence,
        nonce: [UInt8],
        file: String,
        joined: [String] = [],
        policy: JSONValue
    ) throws(GloveboxError) -> (grant: KeyGrant, ledger: LedgerState) {
        let rest: [(String, JSONValue)] = [
            ("op", "grant"), ("nonce", .string(Base64.encode(nonce))), ("file", .string(file)),
            ("joined", .array(joined.map { .string($0) })), ("policy", policy),
        ]
        let (answer, ledger) = try ask(.object(JSONObject(evidence.members + rest)))
        return (try KeyGrant(json: answer), ledger)
    }

    /// Shows that the log has the release; the sealed key.
    ///
    /// - Throws: as ``KeyBroker/release(_:file:entry:proof:)``; `kbs.unavailable`.
    package func release(
        _ request: Digest,
        file: String,
        entry: [UInt8],
        proof: [UInt8]
    ) throws(GloveboxError) -> SealedKey {
        let answer = try ask([
            "op": "release", "request": request.json, "file": .string(file), "entry": .string(Base64.encode(entry)),
            "proof": .string(Base64.encode(proof)),
        ]).answer
        var fields = try JSONFields(answer, at: "answer")
        return SealedKey(
            encapsulated: try fields.base64("encapsulated"),
            ciphertext: try fields.base64("ciphertext")
        )
    }

    /// Charges for noise; how far the ledger then goes.
    ///
    /// - Throws: as ``KeyBroker/charge(_:under:policy:)``; `kbs.unavailable`.
    package func charge(
        _ charge: PrivacyLedger.Charge,
        under request: Digest,
        policy: JSONValue
    ) throws(GloveboxError) -> LedgerState {
        try ask(["op": "charge", "charge": charge.json, "request": request.json, "policy": policy]).ledger
    }

    /// The key under which what a run left is kept until it is decided.
    ///
    /// - Throws: as ``KeyBroker/checkingKey(_:)``; `kbs.unavailable`.
    package func checkingKey(_ request: Digest) throws(GloveboxError) -> [UInt8] {
        var fields = try JSONFields(ask(["op": "checkingKey", "request": request.json]).answer, at: "answer")
        return try fields.base64("key")
    }

    /// Begins a lineage with what was spent on another; how far the ledger then goes.
    ///
    /// - Throws: as ``KeyBroker/split(_:into:)``; `kbs.unavailable`.
    package func split(_ lineage: String, into new: String) throws(GloveboxError) -> LedgerState {
        try ask(["op": "split", "from": .string(lineage), "into": .string(new)]).ledger
    }

    /// One call: its answer, and how far the ledger goes with it, which the TPM then knows too.
    private func ask(_ call: JSONValue) throws(GloveboxError) -> (answer: JSONValue, ledger: LedgerState) {
        try state.withLock { (state: inout State) throws(GloveboxError) -> (JSONValue, LedgerState) in
            let connection = try Self.connected(&state)
            let answer: Result<JSONValue, GloveboxError>
            do throws(SyscallError) { answer = try connection.companion.ask(call) } catch {
                Self.end(&state)
                throw Self.died(error)
            }
            var fields = try JSONFields(answer.get(), at: "answer")
            let (value, ledger) = (try fields.required("answer"), try LedgerState(json: fields.required("ledger")))
            try Self.count(ledger, &state)
            return (value, ledger)
        }
    }

    /// Nothing that the broker said of a longer ledger is used before the TPM's counter stands for it.
    private static func count(_ ledger: LedgerState, _ state: inout State) throws(GloveboxError) {
        guard let connection = state.connection, let counter = connection.greeting.counter,
            ledger.count > connection.counted
        else { return }
        try state.launch.raise(counter &+ (ledger.count &- connection.greeting.ledger.count))
        state.connection?.counted = ledger.count
    }

    private static func died(_ error: SyscallError) -> GloveboxError {
        GloveboxError(
            "kbs.unavailable",
            "the key broker ended: \(error.coded("kbs.unavailable").message)",
            hint: "It is started again for the next call; why it ended stands in the daemon's own messages."
        )
    }

    private static func connected(_ state: inout State) throws(GloveboxError) -> Connection {
        if let connection = state.connection { return connection }
        let secret = try state.launch.secret()
        let companion: Companion
        let answer: Result<JSONValue, GloveboxError>
        do throws(SyscallError) {
            companion = try Companion.start(
                state.launch.program,
                arguments: state.launch.arguments,
                directory: state.launch.directory,
                timeout: state.launch.timeout
            )
        } catch { throw error.coded("kbs.unavailable") }
        var hello: [(String, JSONValue)] = [("op", "hello")]
        if let known = state.known { hello.append(("ledger", known.json)) }
        if let secret { hello.append(("secret", secret.json)) }
        do throws(SyscallError) { answer = try companion.ask(.object(JSONObject(hello))) } catch {
            companion.end()
            throw died(error)
        }
        do throws(GloveboxError) {
            let greeting = try Greeting(json: answer.get())
            if let counter = greeting.counter { try state.launch.raise(counter) }
            let connection = Connection(companion: companion, greeting: greeting, counted: greeting.ledger.count)
            state.connection = connection
            return connection
        } catch {
            companion.end()
            throw error
        }
    }

    private static func end(_ state: inout State) {
        state.connection?.companion.end()
        state.connection = nil
    }
}

extension BrokerLink.Greeting {
    fileprivate init(json: JSONValue) throws(GloveboxError) {
        var fields = try JSONFields(json, at: "greeting")
        ledger = try LedgerState(json: fields.required("ledger"))
        var grants: [KeyGrant] = []
        for grant in try fields.array("grants") { grants.append(try KeyGrant(json: grant)) }
        self.grants = grants
        kekID = try fields.digest("kekId")
        historyKey = try fields.base64("historyKey")
        sealing = try fields.string("sealing")
        counter = try fields.optionalDecimal("counter")
        user = UInt32(truncatingIfNeeded: try fields.decimal("user"))
        try fields.finish()
    }
}
