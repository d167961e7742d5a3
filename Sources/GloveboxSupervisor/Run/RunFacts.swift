internal import GloveboxCore
internal import GloveboxDisclosure
internal import GloveboxJail

/// What a run left for its report.
struct RunFacts: Sendable {
    /// A file that stays inside.
    struct Withheld: Sendable {
        let bytes: [UInt8]
        let reason: String
    }

    var start: Instant
    var end: Instant
    var filter: Digest?
    var readback: JailReadback?
    var protections: JailProtections?
    /// What was held fixed, when the plan asks for it.
    var deterministic: Deterministic.Account?
    var imageFormat: String = "erofs"
    var keyRelease: UInt64?
    var decision: Decision?
    var disclosure: [UInt8]?
    var withheld: [Withheld] = []
}
