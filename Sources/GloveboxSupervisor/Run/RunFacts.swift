internal import GloveboxAPI
internal import GloveboxAttestation
internal import GloveboxBroker
internal import GloveboxCore
internal import GloveboxDisclosure
internal import GloveboxJail

/// A start statement as signed.
struct StartStatement: Sendable {
    /// SHA-256 of its payload, as `key.released` and the report name it.
    let digest: Digest
    /// Envelope and certificate.
    let files: [NamedFile]
    /// The envelope alone.
    let envelope: [UInt8]
    /// The certificate alone, DER.
    let leaf: [UInt8]
}

/// What a run left for its report.
struct RunFacts: Sendable {
    /// What was signed before the data key was asked for; nil before that.
    var startStatement: StartStatement?
    var start: Instant
    var end: Instant
    var filter: Digest?
    var readback: JailReadback?
    var protections: JailProtections?
    /// What was held fixed, when the plan asks for it.
    var deterministic: Deterministic.Account?
    var imageFormat: String = "erofs"
    /// Log index of the key's release.
    var keyRelease: UInt64?
    /// The program of the image that was executed.
    var program: JailReadback.Program?
    /// How many of a task's commands were executed; nil before the first.
    var commands: UInt64?
    /// What the run used, exactly; reports say less.
    var usage: ExactUsage?
    /// How many calls were refused; nil before the end of the program.
    var refusedCalls: UInt64?
    /// Which key that was, and where it went.
    var keyBinding: Report.KeyBinding?
    /// Names what the job was shown, by dataset; empty before that.
    var views: [String: Digest] = [:]

    /// What a node signed of the run's jails, in their order.
    var statements: [RemoteStatement] = []

    /// Takes what the jail says of itself at its end.
    mutating func take(_ result: JailResult) {
        end = Machine.now()
        readback = result.readback
        protections = result.protections
        deterministic = result.deterministic
        if let statement = result.statement { statements.append(statement) }
    }

    /// Takes what became of the run's request for its key.
    mutating func take(_ door: KeyDoor) {
        startStatement = door.start
        keyRelease = door.release?.index
        keyBinding = door.release?.binding
    }
}
