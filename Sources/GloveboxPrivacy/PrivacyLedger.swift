package import GloveboxCore
package import GloveboxPolicy
internal import GloveboxTables

/// What every dataset lineage and project has spent, over all researchers, and the answers that were paid for.
///
/// A pure state machine that is rebuilt from the log: a charge is an entry there, durable before any row is read for its
/// answer. Nothing is ever given back. Source: release policy section 9.4.
package struct PrivacyLedger: Sendable {
    /// One charge.
    package struct Charge: Hashable, Sendable {
        /// The dataset's lineage.
        package let lineage: String
        /// The lineages of what is joined to it, which pay as much each.
        package let joined: [String]
        package let project: String
        package let rho: Rho
        /// What selecting group keys may fail with, in units of 10^-18.
        package let selectionDelta: UInt64
        /// What is paid for: query, dataset version and mechanism; see ``key(query:dataset:policy:)``.
        package let key: Digest
        /// The number of the round of federated training; nil for everything else.
        package var round: Int64?

        /// Gathers a charge.
        package init(
            lineage: String,
            joined: [String] = [],
            project: String,
            rho: Rho,
            selectionDelta: UInt64 = 0,
            key: Digest,
            round: Int64? = nil
        ) {
            (self.lineage, self.joined) = (lineage, joined)
            (self.project, self.rho, self.key) = (project, rho, key)
            (self.selectionDelta, self.round) = (selectionDelta, round)
        }

        /// Reads a logged charge.
        ///
        /// - Throws: `schema.*`, `log.journal-corrupt`.
        package init(json: JSONValue) throws(GloveboxError) {
            var fields = try JSONFields(json, at: "charge")
            lineage = try fields.string("lineage")
            let others = fields.optional("joined")?.array ?? []
            joined = others.compactMap(\.string)
            guard joined.count == others.count else {
                throw GloveboxError("log.journal-corrupt", "a privacy charge names no lineage")
            }
            project = try fields.string("project")
            key = try fields.digest("key")
            guard let units = UInt128(try fields.string("rhoUnits")) else {
                throw GloveboxError("log.journal-corrupt", "a privacy charge has no amount")
            }
            rho = Rho(units: units)
            round = try fields.optional("round").map { (json) throws(GloveboxError) in
                guard let round = json.integer, round > 0 else {
                    throw GloveboxError("log.journal-corrupt", "a privacy charge is for no round")
                }
                return round
            }
            guard let text = fields.optional("selectionDeltaUnits") else {
                selectionDelta = 0
                return
            }
            guard let delta = text.string.flatMap({ UInt64($0) }) else {
                throw GloveboxError("log.journal-corrupt", "a privacy charge has no delta")
            }
            selectionDelta = delta
        }

        /// Every lineage that pays, once.
        var lineages: [String] { [lineage] + joined.filter { $0 != lineage } }

        /// The logged form.
        package var json: JSONValue {
            var object = JSONObject([
                ("lineage", .string(lineage)), ("project", .string(project)), ("key", key.json),
                ("rhoUnits", .string(String(rho.units))),
            ])
            if !joined.isEmpty { object["joined"] = .array(joined.map { .string($0) }) }
            if selectionDelta > 0 { object["selectionDeltaUnits"] = .string(String(selectionDelta)) }
            object["round"] = round.map(JSONValue.integer)
            return .object(object)
        }
    }

    private var byLineage: [String: Rho] = [:]
    private var byProject: [String: Rho] = [:]
    private var selectionDeltas: [String: UInt64] = [:]
    // Rounds of federated training, by lineage and project.
    private var rounds: [String: [String: Int64]] = [:]
    private var answers: [Digest: Digest] = [:]
    /// Number of charges so far.
    package private(set) var count = 0

    /// Starts with nothing spent.
    package init() {}

    /// What is spent on a dataset's lineage.
    package func spent(lineage: String) -> Rho { byLineage[lineage] ?? .zero }

    /// What a project has spent over all datasets.
    package func spent(project: String) -> Rho { byProject[project] ?? .zero }

    /// What selecting group keys may have failed with on a dataset's lineage, in units of 10^-18.
    package func selectionDelta(lineage: String) -> UInt64 { selectionDeltas[lineage] ?? 0 }

    /// How many rounds of federated training a project has paid for on a dataset's lineage.
    package func rounds(of project: String, on lineage: String) -> Int64 { rounds[lineage]?[project] ?? 0 }

    /// The digest of the answer that was paid for under a key; nil when there is none.
    package func answer(to key: Digest) -> Digest? { answers[key] }

    /// Checks that a policy leaves room for a charge: for its amount, and for one more round where it has rounds.
    ///
    /// - Throws: `budget.exhausted`, `policy.not-enforced`, `privacy.overflow`.
    package func check(_ charge: Charge, under policy: OutputPolicy) throws(GloveboxError) {
        guard let budget = policy.privacy.budget else {
            throw GloveboxError("policy.not-enforced", "the policy has no budget")
        }
        try checkRounds(charge, policy.opaque.maxRounds)
        try check(charge, budget: budget)
    }

    private func checkRounds(_ charge: Charge, _ most: Int64?) throws(GloveboxError) {
        guard let most else { return }
        // Whoever charges without saying so would have rounds that nobody counts.
        guard charge.round != nil else {
            throw GloveboxError("policy.not-enforced", "the policy has rounds, and the charge is for none")
        }
        for lineage in charge.lineages where rounds(of: charge.project, on: lineage) >= most {
            throw GloveboxError(
                "budget.exhausted",
                "project \(Display.escape(charge.project)) has had its \(most) rounds on this dataset",
                hint: "A round that was paid for is given again for nothing."
            )
        }
    }

    /// Checks that a charge fits both limits: spent + charge <= limit.
    ///
    /// - Throws: `budget.exhausted`, `policy.not-enforced`, `privacy.overflow`.
    func check(_ charge: Charge, budget: Budget) throws(GloveboxError) {
        try checkSelection(charge, budget)
        guard let lineage = Rho(budget.datasetRho), let project = Rho(budget.projectRho) else {
            throw GloveboxError("policy.not-enforced", "a limit of the budget is finer than 10^-12")
        }
        let limits =
            charge.lineages.map { ("dataset \(Display.escape($0))", spent(lineage: $0), lineage) }
            + [("project \(Display.escape(charge.project))", spent(project: charge.project), project)]
        for (name, spent, limit) in limits where try spent.adding(charge.rho) > limit {
            throw GloveboxError(
                "budget.exhausted",
                "\(name) has spent rho \(spent.text) of \(limit.text), and \(charge.rho.text) more is asked for",
                hint: "Ask for a smaller rho, or for an answer that was already paid for."
            )
        }
    }

    private func checkSelection(_ charge: Charge, _ budget: Budget) throws(GloveboxError) {
        guard charge.selectionDelta > 0 else { return }
        guard let most = budget.selectionDelta.scaled(decimals: 18) else {
            throw GloveboxError("policy.not-enforced", "a limit of the budget is finer than 10^-18")
        }
        for lineage in charge.lineages
        where try Exact.sum(selectionDelta(lineage: lineage), charge.selectionDelta) > UInt64(most) {
            throw GloveboxError(
                "budget.exhausted",
                "dataset \(Display.escape(lineage)) has no room for the delta of selecting group keys",
                hint: "Ask for a smaller delta, or for an answer that was already paid for."
            )
        }
    }

    /// Adds a logged charge; no limit applies to what has happened.
    ///
    /// - Throws: `privacy.overflow`.
    package mutating func apply(_ charge: Charge) throws(GloveboxError) {
        for lineage in charge.lineages {
            byLineage[lineage] = try spent(lineage: lineage).adding(charge.rho)
            if charge.selectionDelta > 0 {
                selectionDeltas[lineage] = try Exact.sum(selectionDelta(lineage: lineage), charge.selectionDelta)
            }
            if charge.round != nil { rounds[lineage, default: [:]][charge.project, default: 0] += 1 }
        }
        byProject[charge.project] = try spent(project: charge.project).adding(charge.rho)
        count += 1
    }

    /// Begins a lineage that leaves another: everything spent on that one counts for it, too.
    ///
    /// - Throws: `privacy.overflow`.
    package mutating func split(_ lineage: String, into new: String) throws(GloveboxError) {
        byLineage[new] = try spent(lineage: new).adding(spent(lineage: lineage))
        selectionDeltas[new] = try Exact.sum(selectionDelta(lineage: new), selectionDelta(lineage: lineage))
        rounds[new, default: [:]].merge(rounds[lineage] ?? [:]) { $0 + $1 }
    }

    /// Notes the answer that a charge paid for.
    package mutating func note(answer: Digest, to key: Digest) { answers[key] = answer }

    /// What makes two questions the same: the query, the dataset's version, and the policy with its mechanism.
    package static func key(query: Digest, dataset: Digest, policy: Digest) -> Digest {
        Digest(sha256: Array("glovebox/dp-answer/v1\n".utf8) + query.bytes + dataset.bytes + policy.bytes)
    }
}
