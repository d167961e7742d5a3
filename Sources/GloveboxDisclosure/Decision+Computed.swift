package import GloveboxCore

extension Decision {
    // log2 of the three states a researcher can see; noise is what bounds the rest.
    private static let statusMillibits = Capacity.millibits(domainSizes: [3])

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
            millibits: statusMillibits,
            record: nil,
            comparison: .init(releases: 0, hits: 0),
            spec: spec
        )
    }
}
