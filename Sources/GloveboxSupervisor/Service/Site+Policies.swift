internal import GloveboxAPI
internal import GloveboxAttestation
internal import GloveboxCore
internal import GloveboxDocuments
internal import GloveboxJobs
internal import GloveboxPolicy
internal import GloveboxTransparency

extension Site {
    /// Publishes a policy given as YAML, for the site or below one of the site's.
    func addPolicy(_ caller: Caller, _ request: AddPolicyRequest) throws(GloveboxError) -> PolicySummary {
        let (value, lines) = try StrictYAML.readLocated(Array(request.document.utf8))
        guard let place = request.place else {
            let summary = try publish(policy: PolicyChain.Layer(.site, value, lines: DocumentLines(lines)), by: caller)
            // The broker gives no key to a run under a policy that the trust policy does not list.
            try refreshTrust()
            return summary
        }
        let level: PolicyChain.Level = place.level == .dataset ? .dataset : .project
        return try tighten(PolicyChain.Layer(level, value, lines: DocumentLines(lines)), place, by: caller)
    }

    /// Publishes a policy of the site; a name once published keeps its document.
    @discardableResult
    func publish(policy layer: PolicyChain.Layer, by caller: Caller? = nil) throws(GloveboxError) -> PolicySummary {
        let kind = try DocumentKind(of: layer.value)
        let document: PolicyDocument
        switch kind {
        case .processing: document = try ProcessingPolicy(layer.value).document
        case .output:
            let policy = try OutputPolicy(layer.value)
            try policy.requireEnforced(by: Self.capabilities(for: policy))
            document = policy.document
        case .input, .dataset:
            throw GloveboxError(
                "policy.kinds",
                "a site has output policies and a processing policy",
                hint: "A dataset's input policy comes with the dataset; a project's is added below it."
            )
        }
        if let known = read({ state in state.outputPolicies[document.name]?.document }), known.digest != document.digest
        {
            throw GloveboxError("object.conflict", "there is another policy named \(document.name) already")
        }
        try record(published(layer, document.digest, by: caller), ["document": layer.value, "lines": layer.lines.json])
        return PolicySummary(
            name: document.name,
            version: Int(document.version),
            kind: kind.rawValue,
            digest: document.digest
        )
    }

    /// Publishes what a dataset's owner, or an operator, tightens in a policy for a dataset or a project.
    private func tighten(
        _ layer: PolicyChain.Layer,
        _ place: AddPolicyRequest.Place,
        by caller: Caller
    ) throws(GloveboxError) -> PolicySummary {
        let kind = try DocumentKind(of: layer.value)
        if layer.level == .project, place.subject != Project.standard {
            _ = try project(place.subject, for: caller)
        }
        let place = PolicyShelf.Place(kind: kind, below: place.below, level: layer.level, subject: place.subject)
        let chain: PolicyChain
        switch (kind, layer.level) {
        case (.output, _):
            if layer.level == .dataset { try requireOwner(of: place.subject, caller) }
            let base = try read { state in
                Result { () throws(GloveboxError) in
                    try state.shelf.output(place.below, datasets: [], project: "", run: [])
                }
            }.get()
            chain = try PolicyChain(base.layers.prefix(1) + [layer])
            let policy = try OutputPolicy(chain.document.canonical)
            try policy.requireEnforced(by: Self.capabilities(for: policy))
        case (.input, .project):
            let dataset = try requireOwner(of: place.below, caller)
            chain = try PolicyChain([dataset.inputLayer, layer])
            try InputPolicy(chain.document.canonical).check(against: dataset.description)
        default:
            throw GloveboxError(
                "policy.kinds",
                "output policies are tightened for a dataset or a project, a dataset's input policy for a project"
            )
        }
        if let known = read({ state in state.shelf.layers[place] }), known.version >= layer.version,
            known.value != layer.value
        {
            throw GloveboxError(
                "object.conflict",
                "version \(known.version) of this policy is published already",
                hint: "Give the new one a greater metadata.version."
            )
        }
        try record(
            published(layer, layer.digest, by: caller),
            [
                "document": layer.value, "lines": layer.lines.json,
                "place": [
                    "below": .string(place.below), "level": .string(place.level.rawValue),
                    "subject": .string(place.subject),
                ],
            ]
        )
        return PolicySummary(
            name: layer.name,
            version: Int(layer.version),
            kind: kind.rawValue,
            digest: chain.document.digest
        )
    }

    private func published(_ layer: PolicyChain.Layer, _ digest: Digest, by caller: Caller?) -> Event {
        Event(
            kind: .policyPublished,
            actor: caller?.account,
            fields: [("policy", .string(layer.name)), ("digest", .string(digest.hex))]
        )
    }

    @discardableResult
    func requireOwner(of name: String, _ caller: Caller) throws(GloveboxError) -> RegisteredDataset {
        let dataset = try dataset(named: name)
        guard dataset.owner == caller.account || caller.roles.contains(.operator) else {
            throw GloveboxError("auth.forbidden", "only its owner or an operator tightens what holds for a dataset")
        }
        return dataset
    }

    func policies() -> [PolicySummary] {
        read { state in
            var all = state.shelf.layers.filter { $0.key.level != .site }.map { place, layer in
                PolicySummary(
                    name: layer.name,
                    version: Int(layer.version),
                    kind: place.kind.rawValue,
                    digest: layer.digest
                )
            }
            func add(_ document: PolicyDocument, _ kind: DocumentKind) {
                all.append(
                    PolicySummary(
                        name: document.name,
                        version: Int(document.version),
                        kind: kind.rawValue,
                        digest: document.digest
                    )
                )
            }
            for policy in state.outputPolicies.values { add(policy.document, .output) }
            if let processing = state.processingPolicy { add(processing.document, .processing) }
            return all.sorted { ($0.name, $0.digest.hex) < ($1.name, $1.digest.hex) }
        }
    }
}

extension Site {
    /// Checks that policies merged for a plan are those that hold now.
    ///
    /// A policy that changed asks for a new plan, and a project whose purpose they do not allow has none.
    ///
    /// - Throws: `policy.changed`, `policy.loosens`, `policy.unknown`, `project.purpose`.
    func requireCurrent(_ rules: PlanRules, for manifest: Manifest) throws(GloveboxError) {
        var datasets: [RegisteredDataset] = []
        for input in manifest.inputs { datasets.append(try dataset(named: input.name)) }
        let now = try self.rules(
            rules.base,
            dataset: datasets.first,
            joining: datasets.dropFirst().first,
            project: manifest.project,
            run: rules.ofRun
        )
        guard now.output.document.digest == manifest.policies.output,
            now.input?.document.digest == manifest.policies.input
        else {
            throw GloveboxError(
                "policy.changed",
                "the policies of this plan have changed since it was made",
                hint: "Make and submit a new plan."
            )
        }
        try requirePurpose(of: manifest.project, under: now.input)
    }

    /// Checks that a project's purpose is one that its data's owners allow.
    ///
    /// - Throws: `project.purpose`.
    func requirePurpose(of project: String, under policy: InputPolicy?) throws(GloveboxError) {
        try read { state in
            Result { () throws(GloveboxError) in try state.requirePurpose(of: project, under: policy) }
        }.get()
    }

    /// The merged policies of a plan, as they are now.
    func rules(
        _ policy: String,
        dataset: RegisteredDataset?,
        joining other: RegisteredDataset? = nil,
        project: String,
        run: [PolicyChain.Layer]
    ) throws(GloveboxError) -> PlanRules {
        try read { state in
            Result { () throws(GloveboxError) in
                try state.rules(policy, dataset: dataset, joining: other, project: project, run: run)
            }
        }.get()
    }
}
