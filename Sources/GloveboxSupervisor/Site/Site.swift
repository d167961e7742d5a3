internal import Glibc
package import GloveboxAPI
internal import GloveboxAttestation
internal import GloveboxBroker
package import GloveboxCore
internal import GloveboxImages
internal import GloveboxIndex
internal import GloveboxJail
internal import GloveboxJobs
internal import GloveboxLinux
internal import GloveboxStore
internal import GloveboxTransparency
internal import Synchronization

/// A datasite at work: its journal, its keys, and the state they add up to.
///
/// Every change goes through ``record(_:_:)``: first durable in the log, then true in the state.
package final class Site: Sendable {
    /// Where things stand on disk.
    package let layout: SiteLayout
    /// What was decided at founding.
    package let configuration: SiteConfiguration
    /// What the operator may change between two starts.
    package let settings: SiteSettings
    let keys: SiteKeyring
    /// Another operator's time-stamping authority, where the settings name one.
    let authority: RemoteAuthority?
    let host: HostFacts
    /// What vouches for this supervisor; nil without a TPM.
    let tpm: SiteTPM?
    /// Jails that wait for a job.
    let jails: JailReserve
    /// Disk space for what is too large for memory.
    var scratch: SealedScratch { SealedScratch(in: layout.sealed) }
    /// Files that sealed ones are made of.
    let spares: SpareFiles
    /// Programs of images that were measured.
    let programs = KnownPrograms()
    /// The published trust files as last read.
    let publishedFiles = KnownFiles()
    /// The published trust policy as last opened: its file, and what was found in it.
    let openedTrust = Mutex<(file: [UInt8], policy: TrustPolicy, digest: Digest)?>(nil)
    let log: LogWriter
    let blobs: BlobStore
    let images: ImageStore
    /// The key broker, a process of its own.
    let broker: BrokerLink
    /// What certifies and signs reports, a process of its own.
    let signer: SignerLink
    /// Whether the broker runs as another user than the supervisor.
    var isBrokerSeparate: Bool { greeting.map { $0.user != geteuid() } ?? false }
    /// What the broker said of itself at the start; nil where it was not asked.
    private let greeting: BrokerLink.Greeting?
    /// Whether the broker's secret lies in a file although there is a TPM to keep it.
    var isSecretOnDisk: Bool { tpm != nil && greeting?.sealing == "software" }
    /// This site as a witness of others.
    let witness: WitnessStore
    /// Files of this host that tasks may name.
    var files: TaskFiles { TaskFiles(roots: settings.jobs.fileRoots) }
    /// Objects of buckets that tasks may name.
    var objects: TaskObjects { TaskObjects(buckets: settings.jobs.buckets) }
    /// Why a released file could not be written where its task wanted it, by job.
    let undelivered = Mutex<[String: String]>([:])
    /// What this site's own witnesses said.
    let board: Mutex<WitnessBoard>
    let alarms = Alarms()
    let bell = Bell()
    /// What is known of the deliveries to webhooks.
    let couriers = WebhookCouriers()
    /// Which nodes are connected.
    let nodes = NodePresence()
    /// Runs whose nodes have no route here.
    let offline = OfflineRuns()
    /// Held while a node is enrolled, drained, resumed or removed: each change is of what the one before it left.
    let enrolments = Mutex(())
    /// What is counted and timed since the start.
    package let figures = Figures()
    /// What the cluster's scheduler says, where it starts the site's workers.
    let cluster = ClusterNews()
    /// Held while a job's output is decided: a release is compared with every earlier one, so no two may be decided side
    /// by side.
    let decisions = Mutex(())
    /// Held from the proof that the log has a key's release until the broker has seen it, which takes no shorter log after a
    /// longer one.
    let releases = Mutex(())
    /// Held while it is looked whether a thing is needed, and it is removed.
    let collecting = Mutex(())
    /// Held while a project is changed: each change is of what the one before it left.
    let amendments = Mutex(())
    /// Held while a report is made: it names the one before it.
    let reports = Mutex(())
    /// Held while a backup is made.
    let backups = BackupTurn()
    private let state: PatientMutex<SiteState>
    /// Where the journal tells what is not in the state.
    let index: IndexStore
    /// Held while the index is written; why it could not be, if it could not.
    private let indexing = Mutex<GloveboxError?>(nil)
    /// Stories of ended jobs that were asked for lately.
    let past = Mutex(RecentValues<String, JobEntry>(most: 512))
    /// Digest of founding and settings, as events carry it.
    let configDigest: Digest

    /// Opens a founded site: checks keys, recovers the log, reads what the index points at and the rest of the journal;
    /// `tpm` overrides the settings, `rebuildingIndex` has the whole journal read, and `securityVersion` has the site take
    /// this program for another.
    ///
    /// Work on keys alone needs no broker, whose own key may be sealed in a TPM that is not at hand.
    ///
    /// - Throws: `log.*`, `key.*`, `storage.*`, `tpm.*`, `index.*`; nothing is repaired that a crash cannot explain.
    package init(
        opening layout: SiteLayout,
        tpm choice: TPMChoice? = nil,
        meetingBroker: Bool = true,
        rebuildingIndex: Bool = false,
        securityVersion: UInt64? = nil
    ) throws(GloveboxError) {
        self.layout = layout
        spares = SpareFiles(in: layout.incoming)
        configuration = try SiteConfiguration(parsing: StateFile.read(layout.configuration))
        var settings = try SiteSettings(reading: layout.settings)
        try KeyringMigration.complete(layout, configuration)
        var keys = try SiteKeyring(layout)
        host = try HostFacts.read(svn: securityVersion ?? HostFacts.securityVersion)
        jails = try JailReserve(launcher: host.launcherPath, file: host.launcherFile)
        blobs = try BlobStore(root: layout.root)
        images = try ImageStore(directory: layout.images)
        try settings.adopt(logs: keys.log.keys)
        self.settings = settings
        let chosen = choice ?? settings.tpm
        configDigest = Machine.sha256(configuration.bytes + settings.bytes + Array((choice?.text ?? "").utf8))
        tpm = try SiteTPM(chosen, layout, host, config: configDigest)
        var launch = BrokerLink.Launch(daemon: try Machine.sibling("gloveboxd"), directory: layout.broker)
        let secret = BrokerSecret(layout: layout, tpm: tpm)
        launch.secret = { () throws(GloveboxError) in try secret.unsealed() }
        launch.raise = secret.raise
        broker = BrokerLink(launch)
        witness = try WitnessStore(
            layout.witness,
            cosigner: keys.witness,
            former: keys.formerWitnesses,
            watching: settings.watched
        )
        board = Mutex(WitnessBoard(policy: settings.witnessing?.policy))
        log = try SiteLog.open(layout, configuration, keys, host, configDigest, signLock: settings.signLock)
        let maker = KeyMaker(layout: layout, site: configuration)
        try KeyCeremony.adopt(settings.stamping?.chain, in: &keys, maker, log)
        try KeyCeremony.addNodes(to: &keys, maker, log)
        authority = settings.stamping.map { RemoteAuthority($0) }
        // Once: later roots are heirs of it.
        let pinned = layout.signerKeys + "/" + StatementSigner.rootFile
        if !StateFile.exists(pinned) {
            try StateFile.write(VerifyingKey(certificate: keys.rootCertificate).spki, to: pinned)
        }
        try CompanionUser.signer.own(layout.signerKeys)
        signer = SignerLink(
            daemon: launch.program,
            directory: layout.signerKeys,
            keys: try keys.signing(for: configuration, stampedElsewhere: authority != nil)
        )
        // An index that went on with another disk knows jobs that this journal cannot tell.
        if rebuildingIndex || StateFile.exists(layout.recovered) { try IndexStore.remove(layout.index) }
        index = try IndexStore(opening: layout.index)
        let state = try StateReplay(log: log, index: index).state()
        greeting = try meetingBroker ? broker.greet(knowing: state.brokerLedger) : nil
        if let greeting { try keys.note(broker: greeting.kekID, layout, configuration) }
        self.keys = keys
        self.state = PatientMutex(state)
        do throws(GloveboxError) { try requireVersion() } catch {
            close()
            throw error
        }
    }

    /// Gives log and broker back, so that the site can be opened again.
    package func close() {
        writeIndex()
        do { try index.close() } catch {}  // the next start reads on from where it is
        log.close()
        broker.close()
        signer.close()
        spares.clear()
    }

    /// Whether the signer runs as another user than the supervisor.
    ///
    /// - Throws: `signer.unavailable`, and what kept the signer from opening its keys.
    func isSignerSeparate() throws(GloveboxError) -> Bool { try signer.user() != geteuid() }

    /// Reads the state; the closure must be quick.
    func read<Result: Sendable>(_ body: (borrowing SiteState) -> sending Result) -> Result {
        state.withLock { body($0) }
    }

    /// Why the index does not follow the journal; nil while it does.
    var indexProblem: GloveboxError? { indexing.withLock { $0 } }

    /// Does something while no job moves from the state to the index.
    func whileIndexRests<Value: Sendable>(_ body: () throws(GloveboxError) -> Value) throws(GloveboxError) -> Value {
        try indexing.withLock { _ throws(GloveboxError) in try body() }
    }

    /// Has the index follow the journal, and forgets what it knows then.
    ///
    /// What cannot be written stays in the state, to be tried again.
    package func writeIndex() {
        indexing.withLock { problem in
            let (batch, size) = state.withLock { $0.takeBacklog() }
            guard batch.count > 0 else { return }
            do throws(GloveboxError) {
                try index.write(batch, upTo: StateReplay(log: log, index: index).mark(at: size))
                problem = nil
                state.withLock { $0.forget(batch) }
            } catch {
                problem = error
                state.withLock { $0.putBack(batch) }
            }
        }
    }

    /// Tells everyone of a change, and has the index follow when there is enough of it.
    private func announce(of job: String?, _ isIndexDue: Bool, reaching phase: JobPhase? = nil) {
        if isIndexDue { writeIndex() }
        bell.ring(of: job, reaching: phase)
    }

    /// Keeps a plan that may be submitted.
    func keepDraft(_ draft: PlanDraft) { state.withLock { $0.drafts[draft.manifest.digest] = draft } }

    /// What runs left and nobody has decided on.
    var frozen: FrozenRuns { FrozenRuns(site: self) }

    /// Sealed releases that wait for people.
    var pending: PendingReleases { PendingReleases(site: self) }

    /// Drafts of reports whose time has not come.
    var drafts: KeptDrafts { KeptDrafts(site: self) }

    /// Makes an event durable and applies it; its log index.
    @discardableResult
    func record(_ event: Event, _ json: JSONValue = .null) throws(GloveboxError) -> UInt64 {
        let (index, isDue) = try state.withLock { (state: inout SiteState) throws(GloveboxError) -> (UInt64, Bool) in
            (try append(event, json, to: &state), state.backlog.isDue)
        }
        announce(of: event.job, isDue)
        return index
    }

    /// One of several steps of a job that are written together.
    enum Step {
        /// A change of the job, with its public fields and private details.
        case change(JobChange, fields: [(String, JSONValue)] = [], details: [(String, JSONValue)] = [])
        /// What the log is told beside.
        case event(Event, JSONValue)
    }

    /// Moves a job on in several steps that are one record of the journal: it has all of them or none.
    ///
    /// Each change is tried first, on the job as those before it leave it. None may be a failure, which for a run on private
    /// data is told in another way.
    func transition(_ id: String, _ steps: [Step]) throws(GloveboxError) {
        let (moved, isDue) = try state.withLock {
            (state: inout SiteState) throws(GloveboxError) -> ([(JobChange, JobPhase?)], Bool) in
            guard var entry = state.jobs[id] else { throw Self.noJob }
            var events: [(Event, JSONValue)] = []
            var moved: [(JobChange, JobPhase?)] = []
            for step in steps {
                switch step {
                case .event(let event, let json): events.append((try ready(event, of: entry, in: state), json))
                case .change(let change, let fields, let details):
                    guard change.failure == nil else {
                        throw GloveboxError("internal", "a failure is no step among others")
                    }
                    let event = Event(
                        kind: EventKind(rawValue: change.name) ?? .jobPhaseChanged,
                        job: id,
                        project: entry.manifest.project,
                        output: change.isAboutOutput ? Self.output(of: id) : nil,
                        actor: change.actor,
                        fields: fields
                    )
                    events.append((try ready(event, of: entry, in: state), Self.json(change, details: details)))
                    let phase = entry.job.phase
                    _ = try entry.job.tried(change)
                    moved.append((change, entry.job.phase == phase ? nil : entry.job.phase))
                }
            }
            for record in try SiteLog.append(events, to: log) { try state.apply(record) }
            return (moved, state.backlog.isDue)
        }
        for (change, phase) in moved { count(change, of: id, movedTo: phase) }
        announce(of: id, isDue, reaching: moved.compactMap(\.1).last)
    }

    private static let noJob = GloveboxError("object.not-found", "there is no such job")

    /// The private body of a change.
    private static func json(
        _ change: JobChange,
        explanation: String? = nil,
        details: [(String, JSONValue)]
    ) -> JSONValue {
        var members: [(String, JSONValue)] = [("change", .string(change.name)), ("members", change.json)]
        if let explanation { members.append(("explanation", .string(explanation))) }
        return .object(JSONObject(members + details))
    }

    /// Moves a job on.
    ///
    /// The change is tried first: an event that its job cannot take is never logged. `details` stand in the private
    /// body for auditors.
    @discardableResult
    func transition(
        _ id: String,
        _ change: JobChange,
        fields: [(String, JSONValue)] = [],
        explanation: String? = nil,
        details: [(String, JSONValue)] = []
    ) throws(GloveboxError) -> [JobAction] {
        let json = Self.json(change, explanation: explanation, details: details)
        let (actions, isDue, phase) = try state.withLock {
            (state: inout SiteState) throws(GloveboxError) -> ([JobAction], Bool, JobPhase?) in
            guard var trial = state.jobs[id]?.job else { throw Self.noJob }
            let phase = trial.phase
            let actions = try trial.tried(change)
            // Of a run on private data, everybody is told the same of every end without a result.
            let isUntold = state.jobs[id]?.isUntold ?? false
            let isLikeWithheld = isUntold && change.isFailure
            if isLikeWithheld, let entry = state.jobs[id] {
                for step in Self.missingSteps(entry) { try append(step.event, step.json, to: &state) }
            }
            let kind = isLikeWithheld ? .outputWithheld : EventKind(rawValue: change.name) ?? .jobPhaseChanged
            let event = Event(
                kind: kind,
                job: id,
                project: state.jobs[id]?.manifest.project,
                output: change.isAboutOutput || isLikeWithheld ? Self.output(of: id) : nil,
                actor: change.actor,
                statusCode: change.failure.map { isUntold ? "not-released" : $0 } ?? "ok",
                fields: fields
            )
            try append(event, json, to: &state)
            let now = state.jobs[id]?.job.phase
            return (actions, state.backlog.isDue, now == phase ? nil : now)
        }
        count(change, of: id, movedTo: phase)
        // The files that a task wants elsewhere are there when it is cleaned.
        let end = change == .cleaned ? read { state in state.jobs[id]?.job.phase } : nil
        announce(of: id, isDue, reaching: phase ?? end)
        return actions
    }

    @discardableResult
    private func append(
        _ event: Event,
        _ json: JSONValue,
        to state: inout SiteState
    ) throws(GloveboxError) -> UInt64 {
        let event = try ready(event, of: event.job.flatMap { state.jobs[$0] }, in: state)
        let record = try SiteLog.append(event, json, to: log)
        try state.apply(record)
        return record.index
    }

    /// The event as it is logged of its job as it is then.
    private func ready(
        _ event: Event,
        of entry: JobEntry?,
        in state: borrowing SiteState
    ) throws(GloveboxError) -> Event {
        try state.requirePast(for: event)
        var event = event.asked(by: Provenance.current)
        if let entry { event.timeStep = entry.timeStep(of: event.kind) }
        return event
    }

    /// Logs a report with the event that names it, and keeps its evidence.
    func issue(_ hashedRekord: [UInt8], _ event: Event, _ json: JSONValue) throws(GloveboxError) {
        try state.withLock { (state: inout SiteState) throws(GloveboxError) in
            try state.requirePast(for: event)
            try state.apply(SiteLog.appendReport(hashedRekord, issued: event, json, to: log))
        }
        bell.ring(of: event.job)
    }

    /// What the log would have of a run whose output was withheld, and does not have of one that never came so far.
    ///
    /// The commitment is to nothing, as nobody sees who does not know its salt.
    private static func missingSteps(_ entry: JobEntry) -> [(event: Event, json: JSONValue)] {
        func event(_ kind: EventKind, _ fields: [(String, JSONValue)]) -> Event {
            Event(
                kind: kind,
                job: entry.job.id,
                project: entry.manifest.project,
                output: output(of: entry.job.id),
                fields: fields
            )
        }
        var steps: [(Event, JSONValue)] = []
        if entry.job.phase == .running {
            let salt = Machine.random(32)
            let commitment = Commitment.salted([], salt: salt).value.hex
            steps.append(
                (
                    event(.outputCollected, [("commitment", .string(commitment))]),
                    ["salt": .string(Base64.encode(salt))]
                )
            )
        }
        if entry.job.verdict == nil {
            steps.append((event(.outputChecked, JobRunner.verdict(.withhold, entry)), .null))
        }
        return steps
    }

    /// The id of what a job puts out: one bundle, so the job's own id under another prefix.
    static func output(of job: String) -> String { "out_" + job.drop { $0 != "_" }.dropFirst() }
}

extension Event {
    /// The same, with whence and how the one who did it came in.
    fileprivate func asked(by provenance: Provenance?) -> Event {
        guard let provenance, actor != nil, source == nil else { return self }
        var event = self
        event.source = provenance.source
        event.authMethod = provenance.method
        return event
    }
}

extension Job {
    /// Makes a change as if it were logged next; what would follow.
    fileprivate mutating func tried(_ change: JobChange) throws(GloveboxError) -> [JobAction] {
        try apply(JobEvent(index: eventIndex + 1, after: eventIndex, at: Machine.now(), change))
    }
}

extension JobChange {
    /// The account that made the change; nil for the supervisor.
    fileprivate var actor: String? {
        switch self {
        case .cancelled(let account), .resubmitted(let account): account
        default: nil
        }
    }

    /// Why it went wrong, as a code; nil where it did not.
    fileprivate var failure: String? {
        switch self {
        case .denied(let codes): codes.first ?? "job.denied"
        case .expired(let codes): codes.first ?? "job.expired"
        case .withheld(let codes): codes.first ?? "output.withheld"
        case .errored(_, let code): code
        case .failed: "job.failed"
        case .interrupted: "job.interrupted"
        case .accepted, .approved, .approvalLost, .dequeued, .starting, .staged, .started, .ended, .collected,
            .checkResumed, .checked, .reviewClosed, .returned, .resubmitted, .releaseIntent, .released, .cancelled,
            .cleaned,
            .waiting:
            nil
        }
    }

    /// Whether it ends a job that has failed, or that the site failed at.
    fileprivate var isFailure: Bool {
        switch self {
        case .failed, .errored: true
        default: false
        }
    }

    /// Whether the change is one of what the job puts out.
    fileprivate var isAboutOutput: Bool {
        switch self {
        case .collected, .checkResumed, .checked, .reviewClosed, .returned, .resubmitted, .releaseIntent, .released,
            .withheld:
            true
        case .accepted, .approved, .approvalLost, .denied, .dequeued, .starting, .staged, .started, .ended,
            .interrupted, .failed, .errored, .cancelled, .cleaned, .expired, .waiting:
            false
        }
    }
}
