internal import GloveboxAPI
internal import GloveboxAttestation
internal import GloveboxCore
internal import GloveboxJobs
internal import GloveboxTransparency
internal import Synchronization

/// An override that one owner asked for.
struct AskedOverride: Sendable {
    /// What the owner signed.
    let statement: ReleaseOverride
    /// The index of the event in which they did.
    let asked: UInt64
}

/// An override that two owners signed: a table, over versions of data, under a policy and in a project, may leave though it is near to
/// the releases that the owners saw it to be near to.
struct GrantedOverride: Sendable {
    let refusal: NearRefusal
    /// The project of the refused job, which is the one the table may leave to.
    let project: String
    /// The merged output policy it was refused under.
    let policy: Digest
    /// Commitments of the data's versions.
    let data: [Digest]
    let statements: [ReleaseOverride]
    /// The indices of the events in which the owners signed.
    let events: [UInt64]

    /// What the disclosure record says of it.
    var record: JSONValue {
        let owners = zip(statements, events).map { (statement, event) -> JSONValue in
            [
                "owner": .string(statement.word.account), "statement_sha256": .string(statement.digest.hex),
                "time": .string(statement.word.time.text), "leaf_index": .integer(Int64(clamping: event)),
            ]
        }
        return [
            "job": .string(statements.first?.job ?? ""), "refusal_sha256": .string(refusal.evidence.hex),
            "reason": .string(statements.first?.word.reason ?? ""), "owners": .array(owners),
            "releases": .array(refusal.near.keys.sorted().map { .string($0) }),
        ]
    }
}

extension Site {
    /// What owners may override about a refused table, and who has asked for it.
    func override(_ caller: Caller, _ id: String) throws(GloveboxError) -> OverrideInfo {
        let (entry, refusal) = try overridable(caller, id)
        return describe(entry, refusal)
    }

    /// Takes an owner's signed word that a refused table may leave; with the second owner's the same plan, submitted again, is no
    /// longer refused for the releases that the record of its refusal names.
    func override(_ caller: Caller, _ id: String, _ request: OverrideRequest) throws(GloveboxError) -> OverrideInfo {
        // Nothing is released while an override comes.
        try decisions.withLock { _ throws(GloveboxError) in
            try override(caller, id, signed: Array(request.envelope.utf8))
        }
    }

    private func override(
        _ caller: Caller,
        _ id: String,
        signed envelope: [UInt8]
    ) throws(GloveboxError) -> OverrideInfo {
        let (entry, refusal) = try overridable(caller, id)
        let statement = try read { state in
            Result { () throws(GloveboxError) in try state.override(in: envelope, of: id, refusal) }
        }.get()
        guard statement.word.account == caller.account else {
            throw GloveboxError("auth.forbidden", "an override is asked for by the account that signed it")
        }
        guard read({ state in state.standingOverride(of: id) }) == nil else {
            throw GloveboxError("quorum.closed", "two owners have overridden the refusal of \(id)")
        }
        var body = JSONObject([
            ("override", .string(id)), ("envelope", .string(Base64.encode(envelope))),
            ("evidence", .string(refusal.evidence.hex)), ("near", refusal.json),
        ])
        let first = read { state in state.askedOverride(of: id) }
        var event = Event(kind: .approvalGiven, actor: caller.account)
        // The job stays out of the clear: its researcher is not told why it was refused.
        event.fields = [("statement", .string(statement.digest.hex))]
        if let first, !statement.word.replaces(first.statement.word) {
            try statement.word.seconds(first.statement.word)
            event.kind = .outputOverridden
            event.fields.append(("asked", .string(String(first.asked))))
            body["project"] = .string(entry.manifest.project)
            body["policy"] = .string(entry.manifest.policies.output.hex)
            body["data"] = .array(entry.manifest.inputs.map { .string($0.commit.value.hex) })
        }
        try record(event, .object(body))
        return describe(entry, refusal)
    }

    /// A refused job that may be overridden, for an owner who had no hand in it.
    ///
    /// - Throws: `object.not-found`, `approval.separation`, `override.none`.
    private func overridable(_ caller: Caller, _ id: String) throws(GloveboxError) -> (JobEntry, NearRefusal) {
        let entry = try visible(id, to: caller)
        guard entry.job.submitter != caller.account else {
            throw GloveboxError("approval.separation", "who asked for a release does not override its refusal")
        }
        try read { state in state }.requireOutsider(caller.account, of: entry.manifest.project)
        guard entry.job.phase == .withheld, let refusal = entry.refusal else {
            throw GloveboxError(
                "override.none",
                "nothing about job \(Display.escape(id)) can be overridden",
                hint: "Only a refusal for nearness to earlier releases can be, and only when nothing else was wrong."
            )
        }
        return (entry, refusal)
    }

    private func describe(_ entry: JobEntry, _ refusal: NearRefusal) -> OverrideInfo {
        read { state in
            let granted = state.standingOverride(of: entry.job.id)
            let asked = state.askedOverride(of: entry.job.id)
            return OverrideInfo(
                job: entry.job.id,
                evidence: refusal.evidence,
                explanation: entry.explanation ?? "",
                near: refusal.near.sorted { $0.key < $1.key }.map { .init(release: $0.key, difference: $0.value) },
                reason: granted?.statements.first?.word.reason ?? asked?.statement.word.reason,
                quorum: QuorumInfo(need: 2, have: granted != nil ? 2 : asked != nil ? 1 : 0)
            )
        }
    }
}

extension SiteState {
    /// Reads and checks an owner's signed word on a refusal.
    ///
    /// - Throws: `approval.*`, `key.*`, `auth.forbidden`, `review.changed`.
    func override(
        in envelope: [UInt8],
        of job: String,
        _ refusal: NearRefusal
    ) throws(GloveboxError) -> ReleaseOverride {
        let signed = try Envelope(parsing: envelope)
        let statement = try ReleaseOverride(parsing: signed.payload)
        let account = try signer(of: signed, account: statement.word.account, key: statement.word.keyID, "override")
        guard account.roles.contains(.owner) else {
            throw GloveboxError("auth.forbidden", "only owners override a refusal")
        }
        guard statement.job.utf8.elementsEqual(job.utf8), statement.evidence == refusal.evidence else {
            throw GloveboxError(
                "review.changed",
                "the override speaks of another job or of another record than that of \(Display.escape(job))",
                hint: "Look at the refusal again, and sign that."
            )
        }
        return statement
    }

    private func counts(_ statement: ReleaseOverride) -> Bool {
        accounts[statement.word.account]?.key(statement.word.keyID) != nil
    }

    /// An override that one owner asked for with a key that still counts.
    func askedOverride(of job: String) -> AskedOverride? {
        askedOverrides[job].flatMap { counts($0.statement) ? $0 : nil }
    }

    /// An override that two owners signed with keys that still count.
    func standingOverride(of job: String) -> GrantedOverride? {
        overrides[job].flatMap { $0.statements.allSatisfy(counts) ? $0 : nil }
    }

    /// The overrides that let a plan's table leave, by the jobs they are of.
    func overrides(for spec: Digest, in plan: Manifest) -> [GrantedOverride] {
        overrides.keys.sorted().compactMap(standingOverride).filter {
            $0.refusal.spec == spec && $0.project.utf8.elementsEqual(plan.project.utf8)
                && $0.policy == plan.policies.output && $0.data == plan.inputs.map(\.commit.value)
        }
    }

    /// Applies an event about an override: the first owner's word, or what came of the second's.
    mutating func addOverride(_ record: SiteRecord) throws(GloveboxError) {
        guard let job = record.json["override"]?.string else { return }
        var fields = try JSONFields(record.json, at: "override")
        guard let bytes = Base64.decode(try fields.string("envelope")) else {
            throw GloveboxError("log.journal-corrupt", "an override is not readable")
        }
        let evidence = try NearRefusal.digest(fields.string("evidence"))
        let refusal = try NearRefusal(json: fields.required("near"), evidence: evidence)
        let statement = try override(in: bytes, of: job, refusal)
        guard record.kind == .outputOverridden else {
            askedOverrides[job] = AskedOverride(statement: statement, asked: record.index)
            return
        }
        guard let first = askedOverrides.removeValue(forKey: job),
            first.statement.word.account != statement.word.account
        else {
            throw GloveboxError("log.journal-corrupt", "a refusal was overridden on one owner's word")
        }
        var data: [Digest] = []
        for item in try fields.array("data") {
            data.append(try NearRefusal.digest(item.string ?? ""))
        }
        overrides[job] = GrantedOverride(
            refusal: refusal,
            project: try fields.string("project"),
            policy: try NearRefusal.digest(fields.string("policy")),
            data: data,
            statements: [first.statement, statement],
            events: [first.asked, record.index]
        )
    }
}
