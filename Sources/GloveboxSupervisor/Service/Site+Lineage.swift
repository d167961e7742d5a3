internal import GloveboxAPI
internal import GloveboxAttestation
internal import GloveboxBroker
internal import GloveboxCore
internal import GloveboxJobs
internal import GloveboxPolicy
internal import GloveboxPrivacy
internal import GloveboxStore
internal import GloveboxTransparency
internal import Synchronization

/// A split of a lineage that one owner asked for.
struct AskedSplit: Sendable {
    /// What the owner signed.
    let statement: LineageSplit
    /// The index of the event in which they did.
    let asked: UInt64
}

extension Site {
    /// With whom a dataset shares its ledger and history.
    func lineage(of name: String) throws(GloveboxError) -> LineageInfo {
        try describe(dataset(named: name), have: read { state in state.standingSplit(of: name) == nil ? 0 : 1 })
    }

    /// Takes an owner's signed word that a dataset shall leave its lineage; the second owner's makes it happen.
    ///
    /// The new lineage starts with everything spent and released before: a split gives nothing back, and what was shared stays
    /// compared.
    func splitLineage(_ caller: Caller, _ name: String, _ request: LineageSplitRequest) throws(GloveboxError)
        -> LineageInfo
    {
        // Nothing is charged or remembered while a dataset changes its lineage.
        try decisions.withLock { _ throws(GloveboxError) in try split(caller, name, Array(request.envelope.utf8)) }
    }

    /// The same, for whoever holds ``decisions``.
    func split(_ caller: Caller, _ name: String, _ envelope: [UInt8]) throws(GloveboxError) -> LineageInfo {
        let dataset = try dataset(named: name)
        let statement = try read { state in
            Result { () throws(GloveboxError) in try state.split(in: envelope, of: dataset) }
        }.get()
        guard statement.word.account == caller.account else {
            throw GloveboxError("auth.forbidden", "a split is asked for by the account that signed it")
        }
        guard dataset.furtherLineages.isEmpty else {
            throw GloveboxError(
                "lineage.several",
                "dataset \(name) has units of \(dataset.lineages.count) lineages, and cannot leave one of them alone",
                hint: "Register the units of each under a name of its own."
            )
        }
        guard read({ state in state.sharing(dataset.lineage).contains { $0.name != name } })
        else {
            throw GloveboxError("lineage.alone", "dataset \(name) shares its ledger and history with no other")
        }
        let signed: [(String, JSONValue)] = [("envelope", .string(Base64.encode(envelope)))]
        guard let first = read({ state in state.standingSplit(of: name) }),
            !statement.word.replaces(first.statement.word)
        else {
            let fields: [(String, JSONValue)] = [
                ("lineage", .string(dataset.lineage)), ("statement", .string(statement.digest.hex)),
            ]
            try record(
                Event(
                    kind: .approvalGiven,
                    dataset: name,
                    actor: caller.account,
                    entity: "lineage-\(dataset.lineage)",
                    fields: fields
                ),
                .object(JSONObject([("split", .string(name))] + signed))
            )
            return try lineage(of: name)
        }
        try statement.word.seconds(first.statement.word)
        let new = Machine.identifier("lin")
        try Lineage(id: dataset.lineage)
            .copy(to: Lineage(id: new), of: dataset.description.privacyUnit.kind, at: self)
        let ledger = try broker.split(dataset.lineage, into: new)
        try record(
            Event(
                kind: .lineageSplit,
                dataset: name,
                actor: caller.account,
                fields: [
                    ("from", .string(dataset.lineage)), ("lineage", .string(new)),
                    ("statement", .string(statement.digest.hex)), ("asked", .string(String(first.asked))),
                ]
            ),
            .object(
                JSONObject(
                    [("split", .string(name)), ("lineage", .string(new)), ("brokerLedger", ledger.json)] + signed
                )
            )
        )
        broker.note(ledger)
        return try describe(self.dataset(named: name), have: 2)
    }

    private func describe(_ dataset: RegisteredDataset, have: Int) throws(GloveboxError) -> LineageInfo {
        read { state in
            LineageInfo(
                dataset: dataset.name,
                commitment: dataset.commitment,
                lineage: dataset.lineage,
                others: Set(dataset.lineages.flatMap { state.sharing($0).map(\.name) }).subtracting([dataset.name])
                    .sorted(),
                reason: state.standingSplit(of: dataset.name)?.statement.word.reason,
                quorum: QuorumInfo(need: 2, have: have)
            )
        }
    }
}

extension SiteState {
    /// Reads and checks an owner's signed word on a dataset as it is.
    ///
    /// - Throws: `approval.*`, `key.*`, `auth.forbidden`, `lineage.changed`.
    func split(in envelope: [UInt8], of dataset: RegisteredDataset) throws(GloveboxError) -> LineageSplit {
        let signed = try Envelope(parsing: envelope)
        let statement = try LineageSplit(parsing: signed.payload)
        let account = try signer(of: signed, account: statement.word.account, key: statement.word.keyID, "split")
        guard account.roles.contains(.owner) else {
            throw GloveboxError("auth.forbidden", "only owners split a lineage")
        }
        guard statement.dataset.utf8.elementsEqual(dataset.name.utf8), statement.commitment == dataset.commitment,
            statement.lineage.utf8.elementsEqual(dataset.lineage.utf8)
        else {
            throw GloveboxError(
                "lineage.changed",
                "the split speaks of another dataset, version or lineage than \(dataset.name) has",
                hint: "Look at the lineage again, and sign that."
            )
        }
        return statement
    }

    /// The datasets that a lineage counts.
    func sharing(_ lineage: String) -> [RegisteredDataset] {
        datasets.values.filter { $0.lineages.contains(lineage) }
    }

    /// A split that one owner asked for with a key that still counts.
    func standingSplit(of name: String) -> AskedSplit? {
        splits[name].flatMap { accounts[$0.statement.word.account]?.key($0.statement.word.keyID) == nil ? nil : $0 }
    }

    /// Applies an event about a split: the first owner's word, or what came of the second's.
    mutating func addSplit(_ record: SiteRecord) throws(GloveboxError) {
        guard let name = record.json["split"]?.string else { return }
        guard let dataset = datasets[name], let bytes = record.json["envelope"]?.string.flatMap(Base64.decode) else {
            throw GloveboxError("log.journal-corrupt", "a split of a lineage is not readable")
        }
        let statement = try split(in: bytes, of: dataset)
        guard record.kind == .lineageSplit else {
            splits[name] = AskedSplit(statement: statement, asked: record.index)
            return
        }
        var fields = try JSONFields(record.json, at: "split")
        let new = try fields.string("lineage")
        guard let first = splits.removeValue(forKey: name), first.statement.word.account != statement.word.account
        else {
            throw GloveboxError("log.journal-corrupt", "a lineage was split on one owner's word")
        }
        try ledger.split(statement.lineage, into: new)
        datasets[name] = dataset.moved(to: new)
    }
}
