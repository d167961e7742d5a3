internal import GloveboxAttestation
internal import GloveboxCore
internal import GloveboxDisclosure
internal import GloveboxPolicy

/// What a plan reads: one dataset, or two joined on the unit, as their input policies show them.
struct PlanData: Sendable {
    /// The plan's datasets under its input policies, the one that the specs name first.
    let datasets: [RegisteredDataset]
    /// What specs, tables and answers are checked against.
    let description: DatasetDescription
    /// What of it a job sees.
    let inputPolicy: InputPolicy

    /// - Throws: `join.*`, and `policy.unknown` when the rules are for other data.
    init(_ registered: [RegisteredDataset], _ rules: PlanRules) throws(GloveboxError) {
        var seen: [RegisteredDataset] = []
        for (dataset, view) in zip(registered, rules.views) {
            let policy = try InputPolicy(view.document.canonical)
            try policy.check(against: dataset.description)
            seen.append(dataset.seen(through: policy))
        }
        guard let first = seen.first, seen.count <= 2, seen.count == registered.count,
            registered.count == rules.views.count
        else { throw GloveboxError("policy.unknown", "the plan has not one input policy for each of its datasets") }
        datasets = seen
        guard seen.count == 2 else {
            (description, inputPolicy) = (first.description, first.inputPolicy)
            return
        }
        let join = try first.joined(with: seen[1])
        (description, inputPolicy) = (join.description, join.inputPolicy)
    }

    /// The dataset that the specs name.
    var first: RegisteredDataset { datasets[0] }
    /// What is joined to it.
    var joined: ArraySlice<RegisteredDataset> { datasets.dropFirst() }
    /// Whose ledgers pay and whose histories are compared, each once.
    var lineages: [String] {
        datasets.flatMap(\.lineages).reduce(into: []) { if !$0.contains($1) { $0.append($1) } }
    }
    /// Names the data in the key of a paid answer: the datasets, and what of each is seen, since that differs by project.
    var commitment: Digest {
        Machine.sha256(datasets.flatMap { $0.commitment.bytes + $0.inputPolicy.document.digest.bytes })
    }

    /// The rows that specs and queries are about.
    ///
    /// - Throws: `join.*`, `dataset.in-memory`.
    func rows(of sources: [any RowSource]) throws(GloveboxError) -> any RowSource {
        guard sources.count == datasets.count, let first = sources.first else {
            throw GloveboxError("internal", "there is not one source of rows for each dataset")
        }
        return sources.count == 1 ? first : try first.table().joined(with: sources[1].table(), as: description)
    }

    /// Whether what the policy asks for has every row in memory: a join, blocks of units, and what is compared with a holdout;
    /// tables, regressions, answers and updates of rounds are made while the rows are read.
    func needsTable(under policy: OutputPolicy) -> Bool {
        datasets.count > 1 || policy.tier == .opaque || policy.privacy.blocks != nil
    }

    /// Checks that a plan under the policy has its rows in memory where it must.
    ///
    /// - Throws: `dataset.in-memory`.
    func requireRoom(under policy: OutputPolicy) throws(GloveboxError) {
        guard needsTable(under: policy), let large = datasets.first(where: { $0.bytes ?? 0 > DatasetTable.mostBytes })
        else { return }
        throw DatasetTable.tooLarge("the dataset \(large.name)")
    }
}

extension RegisteredDataset {
    /// What both owners let a job see side by side.
    ///
    /// - Throws: `join.*`.
    func joined(with other: RegisteredDataset) throws(GloveboxError) -> DatasetJoin {
        try DatasetJoin((description, inputPolicy), (other.description, other.inputPolicy))
    }
}

extension Site {
    /// The datasets that a plan names, under its rules.
    ///
    /// - Throws: `dataset.unknown`, `dataset.changed`, and what ``PlanData`` throws.
    func data(of entry: JobEntry) throws(GloveboxError) -> PlanData {
        var datasets: [RegisteredDataset] = []
        for input in entry.manifest.inputs {
            let dataset = try dataset(named: input.name)
            guard dataset.input.commit == input.commit else {
                throw GloveboxError(
                    "dataset.changed",
                    "the dataset \(input.name) is not the version the plan was approved for"
                )
            }
            datasets.append(dataset)
        }
        return try PlanData(datasets, entry.rules)
    }
}
