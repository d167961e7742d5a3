package import GloveboxCore

extension Decision {
    /// A noisy answer that may leave.
    package static func answered(_ name: String, _ bytes: [UInt8], spec: Digest, _ findings: [Finding]) -> Decision {
        computed(.release, [File(name: name, bytes: bytes)], reasons: [], spec, findings)
    }

    /// A question that there is room for, and no answer was drawn for.
    package static func affordable(spec: Digest, _ findings: [Finding]) -> Decision {
        computed(.release, [], reasons: [], spec, findings)
    }

    /// A question that gets no answer because the ledger, which is public, has no room for it.
    package static func unaffordable(spec: Digest, _ finding: Finding) -> Decision {
        computed(.refuse, [], reasons: ["budget-refused"], spec, [finding])
    }

    /// An answer that was paid for and cannot be given, since the job left nothing to make it of.
    package static func spoiled(spec: Digest, _ finding: Finding) -> Decision {
        computed(.refuse, [], reasons: ["not-released"], spec, [finding])
    }

    /// What is said of a run without a result, whatever kept it inside.
    package static let unreleased = Decision(
        outcome: .refuse,
        files: [],
        findings: [],
        reasons: ["not-released"],
        millibits: Capacity.status,
        record: nil,
        comparison: .init(releases: 0, hits: 0),
        spec: nil
    )

    // Noise is what bounds the rest of what it tells.
    private static func computed(
        _ outcome: Outcome,
        _ files: [File],
        reasons: [String],
        _ spec: Digest,
        _ findings: [Finding]
    ) -> Decision {
        Decision(
            outcome: outcome,
            files: files,
            findings: findings,
            reasons: reasons,
            millibits: Capacity.status,
            record: nil,
            comparison: .init(releases: 0, hits: 0),
            spec: spec
        )
    }
}
