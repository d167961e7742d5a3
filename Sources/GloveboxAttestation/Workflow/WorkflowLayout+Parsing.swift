package import GloveboxCore

extension WorkflowLayout {
    /// Reads a layout that has exactly the steps, rules and form of ``bytes``; whom it names is all that may differ.
    ///
    /// - Throws: codes of the strict reader; `key.encoding`; `workflow.layout`.
    package init(parsing bytes: [UInt8]) throws(GloveboxError) {
        let refused = GloveboxError("workflow.layout", "the layout does not have the steps and rules of this version")
        let value = try JSONReader.readCanonical(bytes)
        guard let steps = value["steps"]?.array, steps.count == WorkflowStep.allCases.count,
            let expires = value["expires"]?.string.flatMap({ Instant($0) })
        else { throw refused }
        var people: [WorkflowStep: [PersonKey]] = [:]
        for (step, entry) in zip(WorkflowStep.allCases, steps) {
            for id in entry["pubkeys"]?.array ?? [] {
                guard let hex = id.string.flatMap({ value["keys"]?[$0]?["keyval"]?["public"]?.string }) else {
                    throw refused
                }
                people[step, default: []].append(try PersonKey(hex: hex))
            }
        }
        guard let owner = people[.onboard]?.first, let supervisor = people[.run]?.first,
            let threshold = steps[2]["threshold"]?.integer.flatMap(UInt64.init(exactly:)), threshold > 0
        else { throw refused }
        self.init(
            owner: owner,
            researchers: people[.submit] ?? [],
            reviewers: people[.review] ?? [],
            supervisor: supervisor,
            threshold: threshold,
            expires: expires
        )
        // Nothing else may stand there: not a rule less, not a command that the inspection would run.
        guard self.bytes == bytes else { throw refused }
    }

    /// Who may sign the links of a step.
    package func keys(of step: WorkflowStep) -> [PersonKey] {
        switch step {
        case .onboard: [owner]
        case .submit: researchers
        case .review: reviewers
        case .run, .release: [supervisor]
        }
    }

    /// How many of them must have signed.
    package func threshold(of step: WorkflowStep) -> UInt64 { step == .review ? threshold : 1 }
}
