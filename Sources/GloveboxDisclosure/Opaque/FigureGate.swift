internal import GloveboxCore
package import GloveboxPolicy
package import GloveboxTables

/// The gate for a picture that the job drew itself: it goes beside a table that leaves anyway, and to people.
///
/// Source: release policy sections 3.4 (`opaque_fallback`) and 8.3.
package enum FigureGate {
    /// What the job left in place of a picture.
    package enum Claim: Sendable {
        /// No file of the name.
        case none
        /// A file, and what the checker made of it; nil when it gave no answer.
        case left(OpaqueFile.Answer?)
    }

    /// The table's decision with the picture: with one, no release goes without people.
    ///
    /// That there is a picture or not tells one bit, its canonical bytes tell all of theirs.
    package static func decide(
        _ decision: Decision,
        _ claim: Claim,
        rules: OpaqueFallback,
        policy: OutputPolicy,
        spent: Int64
    ) -> Decision {
        guard decision.outcome != .refuse else { return decision }
        guard case .left(let answer) = claim else { return charged(decision, nil, policy, spent) }
        func refused(_ detail: String) -> Decision {
            decision.adding(Finding("figure", .fail, detail: detail), rules: policy.decision)
        }
        guard !decision.files.contains(where: { $0.name == rules.name }) else {
            return refused("the supervisor's own file has that name")
        }
        switch answer {
        case .figure(let figure):
            let file = Decision.File(name: rules.name, bytes: PNGWriter.write(figure))
            guard file.bytes.count <= rules.maxCanonicalBytes else {
                return refused("the picture takes \(file.bytes.count) bytes, of \(rules.maxCanonicalBytes)")
            }
            let dropped = figure.dropped.words
            let seen = Finding(
                "figure",
                .review,
                detail: "the job drew it" + (dropped.isEmpty ? "" : "; left out: " + dropped.joined(separator: ", ")),
                parameters: [
                    "width": .integer(Int64(figure.width)), "height": .integer(Int64(figure.height)),
                    "max_canonical_bytes": .integer(rules.maxCanonicalBytes),
                ]
            )
            return charged(decision, file, policy, spent).adding(seen, rules: policy.decision)
        case .refused(let fault): return refused(fault.message)
        case .model, .vector, nil: return refused("the checker gave no picture")
        }
    }

    private static func charged(
        _ decision: Decision,
        _ file: Decision.File?,
        _ policy: OutputPolicy,
        _ spent: Int64
    ) -> Decision {
        let millibits = decision.millibits + 1000 + 8000 * Int64(file?.bytes.count ?? 0)
        let whole = Decision(
            outcome: decision.outcome,
            files: decision.files + (file.map { [$0] } ?? []),
            findings: decision.findings.filter { $0.check != "capacity" },
            reasons: decision.reasons,
            millibits: millibits,
            record: decision.record,
            comparison: decision.comparison,
            spec: decision.spec
        )
        return whole.adding(policy.capacity.finding(millibits: millibits, spent: spent), rules: policy.decision)
    }
}
