internal import GloveboxCore

/// Whether what the kernel refused to a run is told in full: its own count against the events that name the calls.
///
/// The counts stand in private bodies; what is not shown is not compared.
struct RefusalCount: Sendable {
    private var told: Int64? = 0

    mutating func add(_ event: PublicEvent, _ body: BodyDisclosure?) -> [AuditFinding] {
        switch event.kind {
        case .jobStarting: told = 0
        case .jobDeniedSyscall: told = Self.sum(body?["counts"]).flatMap { more in told.map { $0 + more } }
        case .jobEnded:
            // A run on private data has both in one body.
            let told = body?["counts"].map { Self.sum($0) } ?? told
            if let told, let counted = body?["refusedCalls"]?.integer, counted != told {
                let message = "\(counted) calls were refused, of which the log tells \(told)"
                return [AuditFinding("audit.counter", at: event.index, job: event.job, message)]
            }
        default: break
        }
        return []
    }

    /// The sum over a list of `rule count`; nil when it is not shown.
    private static func sum(_ counts: JSONValue?) -> Int64? {
        guard let counts = counts?.array else { return nil }
        var sum: Int64 = 0
        for count in counts {
            guard let number = count.string?.split(separator: " ").last.flatMap({ Decimal.read($0.utf8) }) else {
                return nil
            }
            sum += Int64(clamping: number)
        }
        return sum
    }
}
