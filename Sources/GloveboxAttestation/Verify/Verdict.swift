package import GloveboxCore

/// The outcome of a verification: every check, not only the first that failed.
package struct Verdict: Sendable {
    /// Stages in the order in which a reader learns of them.
    package enum Stage: Int, Sendable, Comparable {
        case input
        case parse
        case envelope
        case statement
        case certificate
        case keys
        case time
        case log
        case freshness
        case assurance
        case tpm
        case measurement
        case policy
        case outputs
        case workflow
        case broker
        case token

        package static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
    }

    /// How a check ended.
    package enum Status: String, Sendable {
        case passed
        case failed
        /// Not carried out; a required check that is skipped refuses.
        case skipped
    }

    /// One check.
    package struct Check: Sendable {
        /// Stage it belongs to.
        package let stage: Stage
        /// Its name.
        package let id: String
        /// How it ended.
        package let status: Status
        /// Reason code, empty when it passed.
        package let reason: String
        /// A sentence for people.
        package let detail: String
        /// Whether the report is refused without it.
        package let required: Bool
    }

    /// All checks in stage order.
    package let checks: [Check]
    /// SHA-256 of the report's payload, or nil when there is none to read.
    package let reportID: Digest?
    /// What the report says about its assurance; empty when it cannot be read.
    package let assurance: JSONValue
    /// What a reader may remember of the report once it verified; nil when it cannot be read or is not in the log.
    package let seen: VerifierMemory.Seen?
    /// Facts for people, escaped.
    package let facts: [String]

    /// Whether every required check passed.
    package var isVerified: Bool {
        checks.allSatisfy { $0.status == .passed || ($0.status == .skipped && !$0.required) }
    }

    /// `verified` or `refused`.
    package var word: String { isVerified ? "verified" : "refused" }

    /// Code of the first failure; empty when verified.
    package var reason: String {
        if isVerified { return "" }
        return checks.first { $0.status == .failed }?.reason ?? "check.skipped"
    }

    /// The lines for people: facts, what failed, and the verdict.
    package var story: [String] {
        let failures = checks.filter { $0.status == .failed }.map { "failed     \($0.reason): \($0.detail)" }
        return facts + failures + [isVerified ? "VERIFIED" : "REFUSED \(reason)"]
    }

    /// The object of `--json`.
    package var json: JSONValue {
        [
            "verdict": .string(word), "reason": .string(reason), "reportId": .string(reportID?.hex ?? ""),
            "assurance": assurance,
            "checks": .array(
                checks.map {
                    ["id": .string($0.id), "status": .string($0.status.rawValue), "reason": .string($0.reason)]
                }
            ),
        ]
    }

    /// Process exit status: 0 verified, 1 refused.
    package var exitCode: Int32 { isVerified ? 0 : 1 }
}
