internal import GloveboxAPI
internal import GloveboxCore
internal import GloveboxDisclosure
internal import GloveboxJail

/// A start statement as signed.
struct StartStatement: Sendable {
    /// SHA-256 of its payload, as `key.released` and the report name it.
    let digest: Digest
    /// Envelope and certificate.
    let files: [NamedFile]
}

/// What a run left for its report.
struct RunFacts: Sendable {
    /// A file that stays inside.
    struct Withheld: Sendable {
        let bytes: [UInt8]
        let reason: String
    }

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
    var keyRelease: UInt64?
    /// Names what the job was shown of its dataset; nil before that.
    var view: Digest?
    var decision: Decision?
    var disclosure: [UInt8]?
    var withheld: [Withheld] = []
}
