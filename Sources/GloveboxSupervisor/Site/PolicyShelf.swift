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

    /// The chain of an output policy for datasets and a project; of what two datasets tighten, the tighter counts.
    ///
    /// - Throws: `policy.unknown`, `policy.incomparable`, and what ``PolicyChain`` throws.
    func output(
        _ name: String,
        datasets: [String],
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
        let own = datasets.compactMap { layers[Place(kind: .output, below: name, level: .dataset, subject: $0)] }
        var ofDataset = own.first
        if own.count > 1 {
            let both = try PolicyMerge.peers(
                PolicyChain([site, own[0]]).document.canonical,
                PolicyChain([site, own[1]]).document.canonical
            )
            ofDataset = PolicyChain.Layer(.dataset, both.canonical)
        }
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
            // Decided, and not charged before there is a report.
            let waits = [.awaitingReview, .returned, .checking, .releasing].contains(entry.job.phase)
            return sum + max(entry.millibits, waits ? entry.sealed?.millibits ?? 0 : 0)
        }
    }

    /// The merged policies of a plan, as they are now.
    ///
    /// `run` are documents of the plan itself. With another dataset joined, what tightens an input policy is for the one it names.
    ///
    /// - Throws: `policy.unknown`, `policy.loosens`, `policy.incomparable`, `join.*` and what the documents throw.
    func rules(
        _ policy: String,
        dataset: RegisteredDataset?,
        joining other: RegisteredDataset? = nil,
        project: String,
        run: [PolicyChain.Layer] = []
    ) throws(GloveboxError) -> PlanRules {
        var kinds: [DocumentKind: [PolicyChain.Layer]] = [:]
        for layer in run { kinds[try DocumentKind(of: layer.value), default: []].append(layer) }
        let (ofOutput, ofInput) = (kinds[.output] ?? [], kinds[.input] ?? [])
        guard ofOutput.count + ofInput.count == run.count, dataset != nil || ofInput.isEmpty else {
            throw GloveboxError("policy.kinds", "a run tightens its output policy and its dataset's input policy alone")
        }
        let datasets = [dataset, other].compactMap { $0 }
        let output = try shelf.output(policy, datasets: datasets.map(\.name), project: project, run: ofOutput)
        var views: [PolicyChain] = []
        var sides: [RegisteredDataset] = []
        for dataset in datasets {
            let own = ofInput.filter { layer in other == nil || layer.value["dataset"] == .string(dataset.name) }
            let view = try shelf.input(dataset, project: project, run: own)
            views.append(view)
            sides.append(dataset.seen(through: try InputPolicy(view.document.canonical)))
        }
        guard sides.count == 2 else { return try PlanRules(output: output, input: views.first) }
        let join = try sides[0].joined(with: sides[1])
        let both = try PolicyChain([PolicyChain.Layer(.dataset, join.inputPolicy.document.canonical)])
        return try PlanRules(output: output, input: both, views: views)
    }

    /// Every dataset by itself, and with each that its owner lets it be joined with.
    private var pairs: [(RegisteredDataset, RegisteredDataset?)] {
        datasets.values.flatMap { dataset -> [(RegisteredDataset, RegisteredDataset?)] in
            guard case .onUnit(let partners) = dataset.inputPolicy.joins else { return [(dataset, nil)] }
            return [(dataset, nil)] + partners.compactMap { name in datasets[name].map { (dataset, $0) } }
        }
    }

    /// Digests of every policy that a plan of today can name: a reader of the owner's layout finds them there.
    var policiesInForce: [Digest] {
        let projects = Set(shelf.layers.keys.filter { $0.level == .project }.map(\.subject)).union(["default"])
        var digests: Set<Digest> = []
        for (place, _) in shelf.layers where place.kind == .output && place.level == .site {
            for (dataset, other) in pairs {
                for project in projects {
                    // Documents that do not fit together make no plan.
                    do {
                        let rules = try rules(place.below, dataset: dataset, joining: other, project: project)
                        digests.insert(rules.output.document.digest)
                        if let input = rules.input { digests.insert(input.document.digest) }
                    } catch { continue }
                }
            }
        }
        return digests.sorted { $0.hex < $1.hex }
    }
}
