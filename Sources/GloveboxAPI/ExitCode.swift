package import GloveboxCore
package import GloveboxJobs

/// The exit codes of the command line, the same with and without `--json`.
///
/// Source: job-backend section 5.
package enum ExitCode: Int32, Sendable, Hashable, CaseIterable {
    case ok = 0
    case failure = 1
    case usage = 2
    /// Denied by policy: plan denied, output blocked or withheld.
    case denied = 3
    /// `fetch`, `worker` or `approve` found that something is not what it should be.
    case verification = 4
    /// `--wait` timed out.
    case waiting = 5
    /// Not logged in, or not allowed.
    case forbidden = 6
    case jobFailed = 7
    case unreachable = 8
    /// This machine cannot do it.
    case unsupported = 9
    /// Not found, or in conflict.
    case notFound = 10

    /// The code for an error, by its own code and, where that says nothing, by the HTTP status.
    package init(_ error: GloveboxError, status: Int? = nil) {
        if let known = Self.exact[error.code] {
            self = known
        } else if let known = Self.families.first(where: { error.code.utf8.starts(with: $0.prefix.utf8) }) {
            self = known.code
        } else {
            switch status ?? StatusTable.status(of: error.code) {
            case 400, 405, 412, 415: self = .usage
            case 401, 403: self = .forbidden
            case 404, 409: self = .notFound
            case 422: self = .denied
            case 503: self = .unreachable
            default: self = .failure
            }
        }
    }

    /// The code for the end of a job; ``waiting`` while it is open.
    package init(_ phase: JobPhase) {
        self =
            switch phase {
            case .released: .ok
            case .denied, .withheld: .denied
            case .failed, .errored, .cancelled, .expired: .jobFailed
            default: .waiting
            }
    }

    private static let exact: [String: ExitCode] = [
        "usage": .usage, "server.unreachable": .unreachable, "plan.digest-mismatch": .verification,
        "review.changed": .verification, "lineage.changed": .verification,
        "digest.mismatch": .verification, "receipt.refused": .verification,
        "auth.missing": .forbidden,
        "auth.forbidden": .forbidden, "approval.separation": .forbidden, "key.revoked": .forbidden,
        "wait.timeout": .waiting, "log.quorum": .waiting, "login.missing": .forbidden, "key.missing": .forbidden,
        "image.unknown": .notFound, "dataset.unknown": .notFound, "policy.unknown": .notFound,
        "json.duplicate-key": .failure, "upload.too-large": .failure, "rate.limited": .failure,
    ]

    private static let families: [(prefix: String, code: ExitCode)] = [
        ("jail.", .unsupported), ("policy.", .denied), ("approval.", .denied), ("quorum.", .denied),
        ("budget.", .denied), ("code.", .failure), ("upload.", .failure),
    ]
}
