internal import GloveboxCore
package import GloveboxPolicy

/// Where it is decided whether a file that cannot be recomputed may go to the reviewers: it never leaves without them.
///
/// Source: release policy sections 8, 11 and 12.
package struct OpaqueGate: Sendable {
    /// What a decision is about, fixed before the job ran.
    package struct Request: Sendable {
        package let policy: OutputPolicy
        package let inputPolicy: InputPolicy
        /// The dataset version the job ran on.
        package let table: DatasetTable
        /// What the job saw of it, and what not.
        package let holdout: Holdout
        /// Thousandths of a bit that the project used up.
        package let projectMillibits: Int64

        /// Gathers a request.
        package init(
            policy: OutputPolicy,
            inputPolicy: InputPolicy,
            table: DatasetTable,
            holdout: Holdout,
            projectMillibits: Int64
        ) {
            (self.policy, self.inputPolicy, self.table) = (policy, inputPolicy, table)
            (self.holdout, self.projectMillibits) = (holdout, projectMillibits)
        }
    }

    /// What this gate enforces, whatever kind of file.
    static let common: Set<Capability> = [
        "tier.opaque", "spec_source.submitted", "check.holdout", "check.row_leak", "capacity.max_bits_per_release",
        "capacity.max_bits_per_project", "decision.auto.never", "decision.otherwise.review",
        "decision.otherwise.reject",
    ]

    /// Everything that this gate enforces.
    package static let capabilities = ModelGate.capabilities.union(SyntheticGate.capabilities)

    /// Puts findings together: one that fails refuses, and all others go to people.
    static func conclude(
        _ policy: OutputPolicy,
        _ findings: [Finding],
        _ file: Decision.File?,
        bits: Int64,
        spec: Digest?,
        spent: Int64
    ) -> Decision {
        // The states a researcher can see and the lengths a bundle can have; the file is counted bit by bit.
        let around = Capacity.millibits(domainSizes: [3, Int64(policy.channels.pad.count)])
        let millibits = bits * 1000 + around
        let all = findings + (file == nil ? [] : [policy.capacity.finding(millibits: millibits, spent: spent)])
        let isRefused =
            file == nil || all.contains { $0.outcome == .fail } || policy.decision.otherwise == .reject
        return Decision(
            outcome: isRefused ? .refuse : .review,
            files: isRefused ? [] : file.map { [$0] } ?? [],
            findings: all,
            reasons: [isRefused ? "not-released" : "under-review"],
            millibits: isRefused ? Capacity.status : millibits,
            record: nil,
            comparison: .init(releases: 0, hits: 0),
            spec: spec
        )
    }
}

extension CapacityRules {
    /// Whether a release fits what it and its project may tell; amounts in thousandths of a bit.
    func finding(millibits: Int64, spent: Int64) -> Finding {
        let fits = millibits <= maxBitsPerRelease * 1000 && spent + millibits <= maxBitsPerProject * 1000
        return Finding(
            "capacity",
            fits ? .pass : .fail,
            detail: fits ? "" : "the release would carry too many bits",
            parameters: [
                "max_bits_per_release": .integer(maxBitsPerRelease),
                "max_bits_per_project": .integer(maxBitsPerProject),
            ]
        )
    }
}
