package import GloveboxCore

/// What the release gate decided about one job, and why.
package struct Decision: Sendable {
    /// The decision.
    package enum Outcome: String, Sendable {
        case release
        case refuse
        case review
    }

    /// One file of a release.
    package struct File: Hashable, Sendable {
        /// The name the policy declares.
        package let name: String
        /// The supervisor's own bytes.
        package let bytes: [UInt8]
    }

    /// The history a release was compared with.
    package struct Comparison: Hashable, Sendable {
        /// How many earlier releases.
        package let releases: Int
        /// How many unsafe pairs of sets.
        package let hits: Int
        /// The releases that the pairs are with, and the fewest units in which a pair with each differs.
        package let differences: [String: Int]

        init(releases: Int, hits: Int) { (self.releases, self.hits, differences) = (releases, hits, [:]) }

        init(_ past: ReleaseGate.Past, _ hits: [Differencing.Hit]) {
            (releases, self.hits) = (past.history.count, hits.count)
            differences = Dictionary(hits.map { ($0.release, $0.difference) }, uniquingKeysWith: min)
        }
    }

    /// The decision.
    package let outcome: Outcome
    /// The released files; for `review` the sealed ones; empty for `refuse`.
    package let files: [File]
    /// Every check that ran, with its result; for the data owner alone.
    package let findings: [Finding]
    /// What the researcher is told: nothing when released, else `not-released`, `under-review`, or a code for a cause
    /// that was fixed before any row was read.
    package let reasons: [String]
    /// What the release, or the refusal, tells, in thousandths of a bit.
    package let millibits: Int64
    /// What to add to the history when the release happens.
    package let record: ReleaseRecord?
    /// The comparison with history.
    package let comparison: Comparison
    /// The spec's digest; nil when there was no readable spec.
    package let spec: Digest?

    /// Whether it is refused for its nearness to earlier releases and for nothing else, which its data's owners may override.
    ///
    /// Source: release policy section 6.6.
    package var isOverridable: Bool {
        outcome == .refuse && !comparison.differences.isEmpty
            && findings.filter { $0.outcome == .fail }.map(\.check) == ["differencing"]
    }

    /// Whether it rests on an override of its data's owners.
    package var isOverridden: Bool { outcome != .refuse && findings.contains { $0.outcome == .overridden } }
}
