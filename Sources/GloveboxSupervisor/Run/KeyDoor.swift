internal import GloveboxAPI
internal import GloveboxAttestation
internal import GloveboxBroker
internal import GloveboxCore
internal import GloveboxJobs
internal import GloveboxPolicy
internal import GloveboxPrivacy
internal import GloveboxStore
internal import GloveboxTransparency

/// The one way to the keys of a job's data: proves the run to the broker, pays, logs, and only then has them.
///
/// A broker that dies on the way is asked again: it has the grant, or it never gave one.
final class KeyDoor {
    private let site: Site
    private let entry: JobEntry
    private let datasets: [RegisteredDataset]
    /// What is known of the run before it has data.
    private let facts: RunFacts
    private let recipient = KeyRecipient()
    /// A request that waits for its time; nil when it was used, or none was made.
    private var prepared: Request?
    /// Statements made for this run, by the digest of their payload; a broker that died may have taken any of them.
    private var statements: [Digest: StartStatement] = [:]

    /// The start statement that the broker accepted; nil before.
    private(set) var start: StartStatement?
    /// The grant; nil before.
    private(set) var grant: KeyGrant?
    /// What opens the data; nil before the keys were given out.
    private(set) var access: KeyAccess?
    /// Log index of the key's release, and which key went where; nil before.
    private(set) var release: (index: UInt64, binding: Report.KeyBinding)?

    /// Times a broker that died is asked again.
    private static let retries = 3

    init(site: Site, entry: JobEntry, datasets: [RegisteredDataset], facts: RunFacts) {
        self.site = site
        self.entry = entry
        self.datasets = datasets
        self.facts = facts
    }

    /// What proves a run to the broker, under one of its nonces.
    typealias Request = (evidence: KeyEvidence, nonce: [UInt8], file: String, joined: [String], policy: JSONValue)

    /// Signs the start statement ahead of time, so that a job's own clock does not run meanwhile.
    ///
    /// - Throws: `kbs.unavailable`, `log.*`.
    func prepare() throws(GloveboxError) {
        prepared = try Self.persistently { () throws(GloveboxError) in try request() }
    }

    /// What was prepared, for a machine that wants proof of the run, too; nil once it was used.
    var evidence: KeyEvidence? { prepared?.evidence }

    /// The keys of each dataset.
    ///
    /// - Throws: `kbs.*` with all causes, `log.*`.
    func open() throws(GloveboxError) -> [DatasetKeys] {
        let (grant, ledger) = try Self.persistently { () throws(GloveboxError) in try ask() }
        guard let start = statements[grant.start], grant.job == entry.job.id else {
            throw GloveboxError("kbs.replay", "the broker granted the key to another run")
        }
        (self.grant, self.start) = (grant, start)
        let binding = Report.KeyBinding(
            kekID: try site.broker.greeting().kekID,
            hpkeKey: Machine.sha256(grant.hpkeKey)
        )
        let paid = try site.record(Self.spent(grant, dataset: datasets[0].name), ["brokerLedger": ledger.json])
        var releases: [UInt64] = []
        for dataset in datasets {
            let index = try site.record(released(dataset, grant, binding, paid), ["brokerLedger": ledger.json])
            site.broker.note(ledger)
            releases.append(index)
            if release == nil { release = (index, binding) }
        }
        let access = KeyAccess(grant: grant, recipient: recipient, releases: releases)
        self.access = access
        return try access.keys(of: datasets, at: site)
    }

    /// Charges for noise: in the broker's ledger first, which refuses what is too much; how far that then goes.
    ///
    /// - Throws: `budget.exhausted`, `kbs.*`.
    static func charge(
        _ site: Site,
        _ charge: PrivacyLedger.Charge,
        under request: Digest,
        rules: PlanRules
    ) throws(GloveboxError) -> LedgerState {
        try persistently { () throws(GloveboxError) in
            try site.broker.charge(charge, under: request, policy: rules.outputChain.json)
        }
    }

    /// What is logged of a grant's payment, once however often it is tried.
    static func spent(_ grant: KeyGrant, dataset: String) -> Event {
        Event(
            kind: .budgetSpent,
            job: grant.job,
            project: grant.project,
            dataset: dataset,
            fields: [("budget", "runs"), ("amount", "1"), ("request", .string(grant.request.hex))],
            idempotencyKey: "kbs spent \(grant.request.hex)"
        )
    }

    private func ask() throws(GloveboxError) -> (KeyGrant, LedgerState) {
        // A broker that was started again knows none of the nonces before.
        if let known = prepared {
            prepared = nil
            do throws(GloveboxError) {
                return try grant(known)
            } catch  where error.code == "kbs.nonce" {}
        }
        return try grant(try request())
    }

    private func grant(_ request: Request) throws(GloveboxError) -> (KeyGrant, LedgerState) {
        try site.broker.grant(
            request.evidence,
            nonce: request.nonce,
            file: request.file,
            joined: request.joined,
            policy: request.policy
        )
    }

    /// A fresh nonce, and what proves the run under it.
    func request() throws(GloveboxError) -> Request {
        let nonce = try site.broker.nonce()
        let request = Report.KeyRequest(nonce: nonce, hpkeKey: recipient.publicKey)
        let start = try ReportMaker(site: site).start(for: entry.job.id, facts: facts, asking: request)
        statements[start.digest] = start
        let evidence = try site.evidence(of: start, entry)
        let files = datasets.map(\.file)
        return (evidence, nonce, files[0], Array(files.dropFirst()), entry.rules.outputChain.json)
    }

    private func released(
        _ dataset: RegisteredDataset,
        _ grant: KeyGrant,
        _ binding: Report.KeyBinding,
        _ paid: UInt64
    ) -> Event {
        Event(
            kind: .keyReleased,
            job: grant.job,
            project: grant.project,
            dataset: dataset.name,
            fields: [
                ("plan", .string(grant.plan.hex)), ("start", .string(grant.start.hex)),
                ("request", .string(grant.request.hex)), ("hpkeKey", .string(binding.hpkeKey.hex)),
                ("kekId", .string(binding.kekID.hex)), ("paid", .string(String(paid))),
            ],
            idempotencyKey: "kbs released \(grant.request.hex)"
                + (dataset.commitment == grant.commitment ? "" : " \(dataset.name)")
        )
    }

    /// Asks a broker that dies on the way again.
    static func persistently<Value>(
        _ call: () throws(GloveboxError) -> Value
    ) throws(GloveboxError) -> Value {
        for _ in 0..<retries {
            do throws(GloveboxError) { return try call() } catch  where error.code == "kbs.unavailable" {
                continue
            }
        }
        return try call()
    }
}

extension Site {
    /// Logs what the broker granted and nobody wrote down, because the supervisor died in between.
    func settleGrants() throws(GloveboxError) {
        let greeting = try broker.greeting()
        for grant in greeting.grants {
            let name = read { state in state.datasets.values.first { $0.commitment == grant.commitment }?.name }
            guard try entry(grant.job) != nil, let name else {
                throw GloveboxError("kbs.rollback", "the broker granted a key to a job that this log does not know")
            }
            try record(KeyDoor.spent(grant, dataset: name), ["brokerLedger": greeting.ledger.json])
        }
        broker.note(greeting.ledger)
    }
}
