internal import GloveboxCore

/// Whether what the kernel refused to a run is told in full: its own count against the events that name the calls.
///
/// The counts stand in private bodies; what is not shown is not compared.
struct RefusalCount: Sendable {
    private var told: Int64? = 0

    mutating func add(_ event: PublicEvent, _ body: BodyDisclosure?) -> [AuditFinding] {
        switch event.kind {
        case .jobStarting: told = 0
        case .jobDeniedSyscall:
            guard let counts = body?["counts"]?.array else {
                told = nil
                return []
            }
            told = told.map { $0 + counts.reduce(0) { $0 + ($1.integer ?? 0) } }
            if let kinds = event.number("kinds"), kinds != UInt64(counts.count) {
                return [finding(event, "names \(counts.count) kinds of refused calls and says \(kinds)")]
            }
        case .jobEnded:
            if let told, let counted = body?["refusedCalls"]?.integer, counted != told {
                return [finding(event, "\(counted) calls were refused, of which the log tells \(told)")]
            }
        default: break
        }
        return []
    }

    private func finding(_ event: PublicEvent, _ message: String) -> AuditFinding {
        AuditFinding("audit.counter", at: event.index, job: event.job, message)
    }
}
