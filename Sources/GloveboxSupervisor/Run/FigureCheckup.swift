internal import GloveboxCore
internal import GloveboxDisclosure
internal import GloveboxJail
internal import GloveboxPolicy
internal import GloveboxTables

/// Has a picture that the job drew decoded in the checker's jail, where the policy lets one go to reviewers.
struct FigureCheckup {
    let jails: JailReserve

    /// The table's decision with the picture, if the job left one.
    ///
    /// - Throws: `jail.*`.
    func judge(
        _ decision: Decision,
        _ outputs: OutputCollector.Outputs,
        _ policy: OutputPolicy,
        spent: Int64
    ) throws(GloveboxError) -> Decision {
        guard let rules = policy.opaque.fallback else { return decision }
        var claim = FigureGate.Claim.none
        if let file = outputs.files.first(where: { $0.name == rules.name }), decision.outcome != .refuse {
            claim = .left(
                try CheckerDoor(jails: jails).parse(
                    file.bytes,
                    as: .figure(maxPixels: Int(rules.maxPixels), colours: Int(rules.palette)),
                    maxBytes: OutputCollector.limit(rules)
                )
            )
        }
        return FigureGate.decide(decision, claim, rules: rules, policy: policy, spent: spent)
    }
}
