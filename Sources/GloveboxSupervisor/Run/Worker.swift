internal import GloveboxAttestation
internal import GloveboxCore
internal import GloveboxJail

/// Someone who has come for one job, and starts that job's jails.
protocol Worker: Sendable {
    /// The job it has come for.
    var task: String { get }
    /// Tells it apart from any other.
    var mark: String { get }
    /// Where the jails stand, for the log.
    var place: String { get }
    /// Whether that is another machine.
    var isRemote: Bool { get }
    /// What protects jails there, as that machine told when it came; nil for this machine.
    var protections: JailProtections? { get }
    /// Whether it has left.
    var isGone: Bool { get }

    /// Why it is not given its job now; nil when it may have it.
    func objection(to entry: JobEntry) -> GloveboxError?
    /// Lets it go: the run is over.
    func dismiss()
    /// Sends it away.
    func refuse(_ why: GloveboxError)
    /// What builds and runs the job's jails; `evidence` proves to another machine that they may run.
    func jails(
        of entry: JobEntry,
        at site: Site,
        proving evidence: () throws(GloveboxError) -> KeyEvidence
    ) throws(GloveboxError) -> JailRun
}
