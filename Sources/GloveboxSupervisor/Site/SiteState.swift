internal import GloveboxAPI
internal import GloveboxAttestation
internal import GloveboxBroker
internal import GloveboxCore
internal import GloveboxIndex
internal import GloveboxJobs
internal import GloveboxPolicy
internal import GloveboxPrivacy
internal import GloveboxStore
internal import GloveboxTransparency

/// What the site knows at hand, as the journal tells it: all but the jobs that have ended, and the code trees, which are
/// read from the journal where the index says.
///
/// It is never saved: opening the site reads the journal's events that it rests on.
struct SiteState: Sendable {
    var accounts: [String: Account] = [:]
    var tokens = TokenTable()
    var datasets: [String: RegisteredDataset] = [:]
    var outputPolicies: [String: OutputPolicy] = [:]
    /// The published policies as written.
    var shelf = PolicyShelf()
    var processingPolicy: ProcessingPolicy?
    /// Code trees that the index does not know yet.
    var codes: [Digest: RegisteredCode] = [:]
    var images: Set<Digest> = []
    /// Plans made and not yet submitted; they are made again after a restart.
    var drafts: [Digest: PlanDraft] = [:]
    /// The jobs that are open, and those that the index does not know yet as ended.
    var jobs: [String: JobEntry] = [:]
    /// How many jobs were ever submitted.
    var submitted: UInt64 = 0
    /// Numbers of open jobs that the index knows, for the replay.
    var numbers: [String: UInt64] = [:]
    /// How many jobs that are only in the index ended how.
    var ended: [JobPhase: Int] = [:]
    /// Thousandths of a bit that releases of jobs that are only in the index were charged with, by project.
    var charged: [String: Int64] = [:]
    /// Ids of the jobs that still have something to come, oldest first.
    private(set) var open: [String] = []
    /// Whose job runs next.
    var queue = RunQueue()
    var isPaused = false
    var previousReport: Digest = .zero
    /// What an owner signed last of who may do what; nil before.
    var workflow: SignedWorkflow?
    /// What was spent on noisy answers, and those answers.
    var ledger = PrivacyLedger()
    /// The last start of a supervisor; nil before the first.
    var lastStart: SiteStart?
    /// How far the log knows the broker's ledger; nil before the first entry.
    var brokerLedger: LedgerState?
    /// Jobs made by requests with an `Idempotency-Key`, those that the index does not know yet.
    var idempotent: [String: (body: Digest, job: String)] = [:]
    /// Redactions asked for and done, by the entry's index.
    var redactions: [UInt64: Redaction] = [:]
    /// Splits of lineages that one owner asked for, by dataset.
    var splits: [String: AskedSplit] = [:]
    /// Overrides that one owner asked for, by the refused job.
    var askedOverrides: [String: AskedOverride] = [:]
    /// Overrides that two owners signed, by the refused job.
    var overrides: [String: GrantedOverride] = [:]
    /// Registered projects, by name.
    var projects: [String: RegisteredProject] = [:]
    /// What projects have used.
    var usage: [String: ProjectUsage] = [:]
    /// Receivers that accounts named, by id.
    var webhooks: [String: Webhook] = [:]
    /// Nodes that are or were enrolled, by their keys.
    var nodes: [Digest: RegisteredNode] = [:]
    /// The newest events of the log that its watchers should look at, oldest first.
    var alerts: [LogAlert] = []
    /// Keys that no longer count, people's and the site's.
    var revocations: [Revocation] = []
    /// What came back from a mirror without its private part.
    private(set) var lost = LostPast()
    /// What the index does not know yet.
    var backlog = IndexBacklog()

    /// Applies one event of the journal.
    ///
    /// `isIndexed` says that the index knows it already.
    ///
    /// - Throws: `log.journal-corrupt` when the event does not fit what came before.
    mutating func apply(_ record: SiteRecord, isIndexed: Bool = false) throws(GloveboxError) {
        if record.isRecovered, !Self.isTold(byLeafOf: record.kind, job: record.job) {
            lost.note(record)
            if !isIndexed { noteLost(record) }
            return
        }
        try take(record)
        if let id = record.job, Self.isOfStory(record) { jobs[id]?.events.append(record.index) }
        if !isIndexed { note(record) }
    }

    private mutating func take(_ record: SiteRecord) throws(GloveboxError) {
        if let id = record.job, let isOpen = Self.isRunOpen(after: record.kind) {
            jobs[id]?.isRunOpen = isOpen
            if let text = record.json["text"] { jobs[id]?.text = try Self.digest(text) }
        }
        if let id = record.job, Self.isPayment(record) { jobs[id]?.hasKey = true }
        if let id = record.job, record.kind == .outputApproved { jobs[id]?.outputApproval = record.index }
        if let json = record.json["brokerLedger"] {
            let ledger = try LedgerState(json: json)
            if ledger.count >= brokerLedger?.count ?? 0 { brokerLedger = ledger }
        }
        switch record.kind {
        case .userCreated: try addAccount(record)
        case .keyEnrolled where record.json["certificate"] != nil: try addCertificate(record)
        case .keyEnrolled: try addKey(record)
        case .keyRevoked where record.json["certificate"] != nil: try revokeCertificate(record)
        case .keyRevoked: try revokeKey(record)
        case .sessionStart, .sessionEnd: try addToken(record)
        case .webhookAdded, .webhookRemoved, .webhookDisabled: try addWebhook(record)
        case .nodeEnrolled, .nodeDrained, .nodeResumed, .nodeRemoved: try addNode(record)
        case let kind where LogAlert.kinds.contains(kind):
            alerts = alerts.suffix(63) + [LogAlert(at: record.time, index: record.index, code: kind.rawValue)]
        case .datasetRegistered:
            let dataset = try RegisteredDataset(json: record.json)
            datasets[dataset.name] = dataset
        case .policyPublished: try addPolicy(record)
        case .agreementSigned: workflow = try SignedWorkflow(json: record.json)
        case .codeRegistered:
            let code = try RegisteredCode(json: record.json)
            codes[code.digests.nar] = code
        case .imageRegistered:
            var fields = try JSONFields(record.json, at: "image")
            images.insert(try fields.digest("digest"))
        case .supervisorStart: if !record.isRecovered { lastStart = try SiteStart(json: record.json) }
        case .projectRegistered, .projectAmended, .projectPaused, .projectResumed, .projectClosed:
            try addProject(record)
        case .sitePaused: isPaused = true
        case .siteResumed: isPaused = false
        case .redactionPerformed, .keyDestroyed: try addRedaction(record)
        case .jobSubmitted: try addJob(record)
        case .approvalGiven where record.job == nil:
            try addRedaction(record)
            try addSplit(record)
            try addOverride(record)
        case .lineageSplit: try addSplit(record)
        case .outputOverridden: try addOverride(record)
        case .approvalGiven, .approvalRefused, .approvalWithdrawn: try addVote(record)
        case .attestationIssued: try addReport(record)
        case .reviewVoted: try addVerdict(record)
        case .budgetSpent, .outputApproved: try addSpending(record)
        case .jobDeniedSyscall:
            guard let id = record.job else { return }
            jobs[id]?.denied = record.json["denied"]?.array?.compactMap(\.string) ?? []
        default: if record.job != nil, record.json["change"] != nil { _ = try change(record) }
        }
    }

    /// Whether the state has to be told of an event at a start: of all but those of no job that come by the clock or by
    /// readers, of which there may be a million.
    static func needs(_ event: LeafGlance) -> Bool {
        switch event.kind {
        case .checkpointPublished, .authLogin, .authLogout, .authFailed, .authMfa, .logRead,
            .exportMade, .timeSync, .clockStepped, .witnessUnreachable:
            event.isOfJob
        default: true
        }
    }

    /// Whether the state rests on the private fields of such an event, when it is of no job.
    static func standsOn(_ kind: EventKind) -> Bool {
        switch kind {
        case .userCreated, .keyEnrolled, .keyRevoked, .sessionStart, .sessionEnd, .datasetRegistered, .policyPublished,
            .codeRegistered, .imageRegistered, .webhookAdded, .webhookRemoved, .webhookDisabled, .nodeEnrolled,
            .nodeDrained, .nodeResumed, .nodeRemoved,
            .supervisorStart, .redactionPerformed, .keyDestroyed, .approvalGiven, .agreementSigned,
            .lineageSplit, .outputOverridden, .projectRegistered, .projectAmended, .projectPaused, .projectResumed,
            .projectClosed:
            true
        default: false
        }
    }

    /// Whether the log has an open intent to run after such an event; nil when the event does not say.
    static func isRunOpen(after kind: EventKind) -> Bool? {
        switch kind {
        case .jobStarting: true
        case .jobEnded, .jobKilled, .jobInterrupted: false
        default: nil
        }
    }

    private static func digest(_ json: JSONValue) throws(GloveboxError) -> Digest {
        var fields = try JSONFields(["text": json], at: "run")
        return try fields.digest("text")
    }

    /// The jobs that wait for a place to run, oldest first.
    var queued: [Job] { open.compactMap { jobs[$0]?.job }.filter { $0.phase == .queued } }

    private mutating func addAccount(_ record: SiteRecord) throws(GloveboxError) {
        var fields = try JSONFields(record.json, at: "account")
        let id = try fields.string("account")
        var roles: Set<Role> = []
        for role in try fields.array("roles") { roles.insert(try Role(reading: role.string ?? "")) }
        accounts[id] = Account(id: id, name: try fields.string("name"), roles: roles)
        if record.isErased { return }
        var token = try fields.nested("token")
        tokens.insert(try TokenTable.Entry(&token, account: id))
    }

    private mutating func addKey(_ record: SiteRecord) throws(GloveboxError) {
        var fields = try JSONFields(record.json, at: "key")
        let key = try PersonKey(hex: fields.string("public"))
        accounts[try fields.string("account")]?.keys.append((key, record.time, false))
    }

    private mutating func revokeKey(_ record: SiteRecord) throws(GloveboxError) {
        var fields = try JSONFields(record.json, at: "revocation")
        guard let key = Digest(hex: try fields.string("key")), let from = Instant(try fields.string("from")),
            let reason = Revocation.Reason(rawValue: try fields.string("reason"))
        else { throw GloveboxError("log.journal-corrupt", "a revocation is not readable") }
        revocations.append(Revocation(key: key, from: from, logIndex: record.index, reason: reason))
        for account in accounts.keys {
            for index in accounts[account]?.keys.indices ?? 0..<0
            where accounts[account]?.keys[index].key.keyID == key.hex {
                accounts[account]?.keys[index].isRevoked = true
            }
        }
    }

    private mutating func addPolicy(_ record: SiteRecord) throws(GloveboxError) {
        // Journals of earlier versions hold the bare document.
        let value = record.json["document"] ?? record.json
        let lines = try record.json["lines"].map { (json) throws(GloveboxError) in try DocumentLines(json: json) }
        let kind = try DocumentKind(of: value)
        if let place = record.json["place"] {
            var fields = try JSONFields(place, at: "place")
            guard let level = PolicyChain.Level(rawValue: try fields.string("level")) else {
                throw GloveboxError("log.journal-corrupt", "a policy has an unknown level")
            }
            shelf.put(
                PolicyChain.Layer(level, value, lines: lines ?? DocumentLines()),
                at: PolicyShelf.Place(
                    kind: kind,
                    below: try fields.string("below"),
                    level: level,
                    subject: try fields.string("subject")
                )
            )
        } else if kind == .processing {
            processingPolicy = try ProcessingPolicy(value)
        } else {
            let policy = try OutputPolicy(value)
            outputPolicies[policy.document.name] = policy
            shelf.put(
                PolicyChain.Layer(.site, value, lines: lines ?? DocumentLines()),
                at: PolicyShelf.Place(kind: .output, below: policy.document.name, level: .site, subject: "")
            )
        }
    }

    private mutating func addJob(_ record: SiteRecord) throws(GloveboxError) {
        var fields = try JSONFields(record.json, at: "job")
        guard let id = record.job, let bytes = Base64.decode(try fields.string("manifest")),
            let envelope = Base64.decode(try fields.string("envelope"))
        else { throw GloveboxError("log.journal-corrupt", "a submitted job is not readable") }
        let manifest = try Manifest(parsing: bytes)
        let encoded = manifest.bytes
        let digest = Machine.sha256(encoded)
        let need = Int(try fields.integer("quorum"))
        let nonce = fields.optional("nonce")?.string.flatMap(Base64.decode)
        let grace = fields.optional("grace")?.integer ?? 50
        let task = try fields.optional("task").map { (json) throws(GloveboxError) in try TaskDocument(json: json) }
        let idempotency = try fields.optional("idempotency").map(Idempotency.init(json:))
        let job = Job(
            id: id,
            planDigest: digest,
            submitter: manifest.submitter,
            project: manifest.project,
            mode: .real,
            created: record.time,
            graceEnds: Instant(milliseconds: record.time.milliseconds + grace),
            eventIndex: record.index
        )
        let number = numbers[id] ?? submitted
        submitted = max(submitted, number + 1)
        jobs[id] = JobEntry(
            number: number,
            job: job,
            manifest: manifest,
            manifestBytes: encoded,
            coreDigest: manifest.coreDigest,
            rules: try rules(of: manifest, fields.optional("rules")),
            envelope: envelope,
            link: fields.optional("link")?.string.flatMap(Base64.decode),
            wantsTokens: fields.optional("eat")?.bool ?? false,
            needsApproval: need > 0,
            task: task,
            nonce: nonce,
            idempotency: idempotency,
            tally: ApprovalTally(plan: digest, quorum: Quorum(need: need), submitter: manifest.submitter)
        )
        if let key = idempotency { idempotent[key.name] = (key.body, id) }
        open.append(id)
        drafts[digest] = nil
    }

    /// The merged policies of a submitted plan; journals of earlier versions name the one policy of each kind.
    private func rules(of manifest: Manifest, _ json: JSONValue?) throws(GloveboxError) -> PlanRules {
        let rules: PlanRules
        if let json {
            rules = try PlanRules(json: json)
        } else {
            let policy = outputPolicies.values.first { $0.document.digest == manifest.policies.output }
            // From before there were joins.
            let dataset = manifest.inputs.first.flatMap { datasets[$0.name] }
            rules = try self.rules(policy?.document.name ?? "", dataset: dataset, project: manifest.project)
        }
        guard rules.output.document.digest == manifest.policies.output,
            rules.input?.document.digest == manifest.policies.input
        else {
            throw GloveboxError("log.journal-corrupt", "a submitted plan names other policies than it was made under")
        }
        return rules
    }

    private mutating func addVote(_ record: SiteRecord) throws(GloveboxError) {
        var fields = try JSONFields(record.json, at: "approval")
        guard let id = record.job, let bytes = Base64.decode(try fields.string("envelope")) else {
            throw GloveboxError("log.journal-corrupt", "a vote is not readable")
        }
        let vote = try vote(in: bytes)
        try jobs[id]?.tally.record(vote, at: record.time)
        let link = fields.optional("link")?.string.flatMap(Base64.decode)
        jobs[id]?.approvals.append((bytes, vote.role.rawValue, link))
    }

    /// The account that signed a `what`, with the key that the `what` names.
    ///
    /// - Throws: `key.unknown`, `key.revoked`, `approval.signature`.
    func signer(
        of envelope: Envelope,
        account id: String,
        key keyID: String,
        _ what: String
    ) throws(GloveboxError) -> Account {
        guard let account = accounts[id] else {
            throw GloveboxError("key.unknown", "the \(what) names an account that there is not")
        }
        guard let key = account.key(keyID) else { throw account.refusal(of: keyID) }
        guard key.isSigner(of: envelope) else {
            throw GloveboxError("approval.signature", "the \(what) is not signed by the key it names")
        }
        return account
    }

    /// Reads and checks a signed vote against the accounts.
    ///
    /// - Throws: `approval.*`, `key.*`, `auth.forbidden`.
    func vote(in envelope: [UInt8]) throws(GloveboxError) -> ApprovalVote {
        let signed = try Envelope(parsing: envelope)
        let approval = try Approval(parsing: signed.payload)
        let account = try signer(of: signed, account: approval.account, key: approval.keyID, "vote")
        guard let decision = ApprovalVote.Decision(rawValue: approval.decision.rawValue) else {
            throw GloveboxError("approval.signature", "the vote has no known decision")
        }
        return ApprovalVote(
            digest: signed.payloadDigest,
            plan: approval.manifestDigest,
            decision: decision,
            account: account.id,
            key: approval.keyID,
            role: try Role(reading: approval.role),
            roles: account.roles,
            notBefore: approval.notBefore,
            notAfter: approval.notAfter,
            maxRuns: Int(clamping: approval.maxRuns)
        )
    }

    private mutating func addReport(_ record: SiteRecord) throws(GloveboxError) {
        var fields = try JSONFields(record.json, at: "report")
        previousReport = try fields.digest("report")
        guard let id = record.job else { return }
        jobs[id]?.evidence = try fields.digest("evidence")
        jobs[id]?.reportIndex = record.index - 1
        jobs[id]?.millibits = try fields.integer("millibits")
    }

    /// Applies a change of a job's phase; what is to be done next.
    @discardableResult
    mutating func change(_ record: SiteRecord) throws(GloveboxError) -> [JobAction] {
        var fields = try JSONFields(record.json, at: "change")
        guard let id = record.job, var entry = jobs[id] else {
            throw GloveboxError("object.not-found", "there is no job \(Display.escape(record.job ?? ""))")
        }
        let change = try JobChange(name: fields.string("change"), json: fields.required("members"))
        let event = JobEvent(index: record.index, after: entry.job.eventIndex, at: record.time, change)
        let actions = try entry.job.apply(event)
        if let explanation = fields.optional("explanation")?.string { entry.explanation = explanation }
        if let denied = fields.optional("denied")?.array { entry.denied = denied.compactMap(\.string) }
        if let frozen = fields.optional("frozen") { entry.frozen = try FrozenName(json: frozen) }
        if let near = fields.optional("near"), let bytes = record.json["record"]?.string.flatMap(Base64.decode) {
            entry.refusal = try NearRefusal(json: near, evidence: Machine.sha256(bytes))
        }
        if let sealed = fields.optional("sealed") {
            entry.sealed = try SealedRelease(json: sealed, requester: entry.manifest.submitter)
        }
        if let cluster = fields.optional("cluster") {
            entry.cluster = try ClusterHandle(json: cluster, at: record.time)
        }
        switch change {
        case .dequeued, .approvalLost: entry.cluster = nil
        default: break
        }
        if case .returned = change { try entry.sealed?.sendBack() }
        if case .resubmitted = change { try entry.sealed?.resubmit(&fields) }
        if record.json["task"] != nil { entry.taskLog = try fields.digest("task") }
        if case .starting = change, entry.firstStart == nil {
            entry.firstStart = record.time
            usage[entry.manifest.project, default: ProjectUsage()].start(cpuSeconds: entry.cpuSeconds, at: record.time)
        }
        if case .releaseIntent = change, !entry.manifest.inputs.isEmpty {
            // Journals of earlier versions do not say how much.
            entry.releasedBytes = fields.optional("bytes")?.integer ?? 0
            usage[entry.manifest.project, default: ProjectUsage()].release(bytes: entry.releasedBytes)
        }
        jobs[id] = entry
        if case .dequeued = change { queue.serve(entry.job, at: record.index) }
        if entry.job.cleanup == .done { open.removeAll { $0 == id } }
        return actions
    }
}
