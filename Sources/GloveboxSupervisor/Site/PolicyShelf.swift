internal import GloveboxAttestation
internal import GloveboxCore
internal import GloveboxJobs
internal import GloveboxPolicy

/// The published policies as they were written: the site's, and what datasets and projects tighten in them.
struct PolicyShelf: Sendable {
    /// Where a document stands.
    struct Place: Hashable, Sendable {
        let kind: DocumentKind
        /// The site's policy, or for an input policy the dataset, that the document is or tightens.
        let below: String
        let level: PolicyChain.Level
        /// The dataset or project; empty for the site.
        let subject: String
    }

    private(set) var layers: [Place: PolicyChain.Layer] = [:]

    mutating func put(_ layer: PolicyChain.Layer, at place: Place) { layers[place] = layer }

    /// The chain of an output policy for a dataset and a project.
    ///
    /// - Throws: `policy.unknown`, and what ``PolicyChain`` throws.
    func output(
        _ name: String,
        dataset: String?,
        project: String,
        run: [PolicyChain.Layer]
    ) throws(GloveboxError) -> PolicyChain {
        guard let site = layers[Place(kind: .output, below: name, level: .site, subject: "")] else {
            let known = layers.keys.filter { $0.kind == .output && $0.level == .site }.map(\.below).sorted()
            throw GloveboxError(
                "policy.unknown",
                "there is no output policy \(Display.escape(name))",
                hint: "Policies: \(known.joined(separator: ", "))."
            )
        }
        let ofDataset = dataset.flatMap { layers[Place(kind: .output, below: name, level: .dataset, subject: $0)] }
        let ofProject = layers[Place(kind: .output, below: name, level: .project, subject: project)]
        return try PolicyChain([site] + [ofDataset, ofProject].compactMap { $0 } + run)
    }

    /// The chain of a dataset's input policy for a project.
    ///
    /// - Throws: what ``PolicyChain`` throws.
    func input(
        _ dataset: RegisteredDataset,
        project: String,
        run: [PolicyChain.Layer]
    ) throws(GloveboxError) -> PolicyChain {
        let ofProject = layers[Place(kind: .input, below: dataset.name, level: .project, subject: project)]
        return try PolicyChain([dataset.inputLayer] + [ofProject].compactMap { $0 } + run)
    }
}

extension SiteState {
    /// Thousandths of a bit that a project used up, what waits for a review included.
    func millibits(of project: String) -> Int64 {
        jobs.values.reduce(charged[project] ?? 0) { sum, entry in
            guard entry.manifest.project == project else { return sum }
            let waits = entry.job.phase == .awaitingReview ? entry.sealed?.millibits ?? 0 : 0
            return sum + max(entry.millibits, waits)
        }
    }

    /// The merged policies of a plan, as they are now.
    ///
    /// `run` are documents of the plan itself.
    ///
    /// - Throws: `policy.unknown`, `policy.loosens` and what the documents throw.
    func rules(
        _ policy: String,
        dataset: RegisteredDataset?,
        project: String,
        run: [PolicyChain.Layer] = []
    ) throws(GloveboxError) -> PlanRules {
        var kinds: [DocumentKind: [PolicyChain.Layer]] = [:]
        for layer in run { kinds[try DocumentKind(of: layer.value), default: []].append(layer) }
        let (ofOutput, ofInput) = (kinds[.output] ?? [], kinds[.input] ?? [])
        guard ofOutput.count + ofInput.count == run.count, dataset != nil || ofInput.isEmpty else {
            throw GloveboxError("policy.kinds", "a run tightens its output policy and its dataset's input policy alone")
        }
        let output = try shelf.output(policy, dataset: dataset?.name, project: project, run: ofOutput)
        let input = try dataset.map { (dataset) throws(GloveboxError) in
            try shelf.input(dataset, project: project, run: ofInput)
        }
        return try PlanRules(output: output, input: input)
    }

    /// Digests of every policy that a plan of today can name: a reader of the owner's layout finds them there.
    var policiesInForce: [Digest] {
        let projects = Set(shelf.layers.keys.filter { $0.level == .project }.map(\.subject)).union(["default"])
        var digests: Set<Digest> = []
        for (place, _) in shelf.layers where place.kind == .output && place.level == .site {
            for dataset in datasets.values {
                for project in projects {
                    // Documents that do not fit together make no plan.
                    do {
                        let rules = try rules(place.below, dataset: dataset, project: project)
                        digests.insert(rules.output.document.digest)
                        if let input = rules.input { digests.insert(input.document.digest) }
                    } catch { continue }
                }
            }
        }
        return digests.sorted { $0.hex < $1.hex }
    }
}
