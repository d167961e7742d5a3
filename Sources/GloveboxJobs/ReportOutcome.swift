/// What a report says became of a run.
///
/// Source: attestation section 4.1 and decision 3.
package enum ReportOutcome: String, Sendable, Hashable, CaseIterable {
    case released
    case refused
    case failed
    case killed
    case interrupted

    /// The outcome of a finished job; nil while it is open, and for a plan that ended before any run.
    ///
    /// `exit` says how the last run ended, where one did.
    package init?(phase: JobPhase, exit: ExitClass?) {
        switch phase {
        case .released: self = .released
        case .withheld: self = .refused
        case .errored: self = .interrupted
        case .failed:
            switch exit {
            case .exit, .signal: self = .failed
            default: self = .killed
            }
        case .cancelled:
            guard exit != nil else { return nil }
            self = .killed
        case .expired:
            // A review that nobody ended: the run was, and nothing left.
            guard exit != nil else { return nil }
            self = .refused
        case .denied: return nil
        default: return nil
        }
    }
}
