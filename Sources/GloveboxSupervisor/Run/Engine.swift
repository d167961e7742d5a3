internal import Foundation
internal import GloveboxAttestation
package import GloveboxCore
internal import GloveboxJail
internal import GloveboxJobs
internal import GloveboxLinux
internal import GloveboxPolicy
internal import GloveboxTransparency
package import Logging
internal import Synchronization

/// Moves jobs on: one thread looks at the state for something to do, does it, and looks again; each run has a thread of
/// its own, so that votes, releases and cancellations never wait for one.
///
/// What it does next stands in the state alone, so a restart goes on where the journal ends. As many jobs run side by side
/// as the settings have room for (``Scheduler``); what they put out is decided one after the other (``Site/decisions``).
package final class Engine: Sendable {
    private let site: Site
    private let logger: Logger
    /// The runs in progress, by job.
    private let slots = Mutex<[String: Slot]>([:])
    /// Jobs without a run of which a step is being taken on a thread of its own.
    private let apart = Mutex<Set<String>>([])
    /// The workers that wait for their jobs to start.
    private let workers = WaitingWorkers()
    /// What deadlines are measured with.
    private let clock: @Sendable () -> Instant
    /// How often a job is started that never came to its end.
    private static let mostRuns = 3
    /// How often the checks are resumed of a job over which the supervisor dies.
    private static let mostChecks = 3

    /// A run in progress.
    private struct Slot {
        /// Written to when the run shall stop.
        let stop: Descriptor
        var isStopping = false
    }

    /// An engine for a site; the clock is the machine's unless another is given.
    package init(site: Site, logger: Logger, clock: @escaping @Sendable () -> Instant = { Machine.now() }) {
        self.site = site
        self.logger = logger
        self.clock = clock
    }

    /// Settles what a crash left, then starts the thread.
    ///
    /// It ends with the process. A site that lost a part of its past has none.
    package func start() throws(GloveboxError) {
        // Nothing is settled either: what became of its jobs is not known.
        guard site.read({ state in state.lost.isEmpty }) else { return }
        // Also where workers start all jails, and no reserve does it.
        ControlGroupLayout.sweep()
        try site.clearIncoming()
        try site.refreshTrust()
        try settle()
        if hasWorkers {
            let door = try WorkerDoor(site, logger: logger)
            thread("workers") { door.serve { self.take($0) } }
        }
        if let nodes = site.settings.jobs.nodes {
            let door = try NodeDoor(site, settings: nodes, logger: logger) { [self] in take($0) }
            logger.info("nodes may come in", metadata: ["port": "\(door.port)"])
        }
        if let cluster { thread("cluster") { cluster.serve() } }
        thread("engine") { self.loop() }
    }

    /// Whether jobs are run by workers that come for them.
    private var hasWorkers: Bool { site.settings.jobs.executor != .local }

    /// What has those workers started; nil when that is nothing of the supervisor's.
    private var cluster: ClusterQueue? {
        site.settings.jobs.cluster.map { settings in
            ClusterQueue(site: site, settings: settings, logger: logger) { self.workers.jobs }
        }
    }

    /// Keeps a worker until its job starts, or sends it away.
    private func take(_ worker: any Worker) {
        do throws(GloveboxError) {
            // Under the lock of the runs, so that its job does not start meanwhile.
            try slots.withLock { slots throws(GloveboxError) in
                if slots[worker.task] != nil { throw WaitingWorkers.taken(worker.task) }
                try workers.keep(worker, if: refusal(of: worker))
            }
            site.bell.ring()
        } catch {
            worker.refuse(error)
            logger.warning(
                "a worker was refused",
                metadata: ["job": "\(Display.escape(worker.task))", "code": "\(error.code)"]
            )
        }
    }

    /// Why a worker has no business here; nil when its job waits to run.
    private func refusal(of worker: any Worker) -> GloveboxError? {
        guard let entry = site.read({ state in state.jobs[worker.task] }) else {
            return GloveboxError("object.not-found", "there is no open job \(Display.escape(worker.task))")
        }
        if let why = worker.objection(to: entry) { return why }
        if worker.isRemote, entry.manifest.readsPrivateData, site.settings.jobs.nodes?.takesPrivateData != true {
            return GloveboxError(
                "worker.private-data",
                "\(worker.task) reads private data, which this site gives to no other machine",
                hint: "jobs.nodes.private_data in gloveboxd.yaml decides it."
            )
        }
        let demanded = site.demandedProtections(of: entry.manifest.core)
        if let lacking = worker.protections?.lacking(demanded, isBuilt: false), !lacking.isEmpty {
            return GloveboxError(
                "worker.isolation",
                "\(worker.task) demands what \(worker.place) lacks: \(lacking.joined(separator: ", "))",
                hint: "'glovebox doctor' on that machine tells what to do; another node may take the job."
            )
        }
        if worker.isRemote, entry.rules.output.privacy.blocks != nil {
            // How long each block takes must tell nothing, and the way there takes its own time.
            return GloveboxError("worker.blocks", "\(worker.task) runs over blocks of units, which no node does")
        }
        let phase = entry.job.phase
        if phase == .accepted || phase == .queued { return nil }
        return GloveboxError("job.phase", "\(worker.task) is \(phase.words): it does not wait to run")
    }

    private func thread(_ name: String, _ body: @escaping @Sendable () -> Void) {
        let thread = Thread(block: body)
        thread.name = name
        thread.stackSize = 8 << 20
        thread.start()
    }

    /// Closes every run that was open when the supervisor died.
    private func settle() throws(GloveboxError) {
        for entry in site.read({ state in state.open.compactMap { state.jobs[$0] } }) {
            let id = entry.job.id
            if entry.job.verdict != nil, entry.job.phase != .checking { try site.frozen.destroy(id) }
            switch entry.job.phase {
            // What was left is on disk, and what is to be done with it stands in the state.
            case .checking where entry.sealed != nil || entry.frozen != nil: break
            case .staging, .running, .checking: try settle(entry)
            case .awaitingReview where try site.pending.find(entry) == nil:
                try JobRunner(site: site, job: id).conclude()
            case .returned where try site.pending.find(entry) == nil:
                try site.transition(id, .expired(reasons: ["review.interrupted"]))
            case .awaitingReview, .accepted, .awaitingApproval, .queued, .returned, .releasing: break
            case .released, .denied, .withheld, .failed, .errored, .cancelled, .expired: break
            }
            // A run that was being killed when the supervisor died.
            if site.read({ state in state.jobs[id]?.isRunOpen }) == true {
                try site.record(Event(kind: .jobInterrupted, job: id, statusCode: "job.interrupted"))
            }
        }
    }

    /// Puts a job back into the queue when nothing of its data was within reach of its code, and ends it otherwise.
    ///
    /// What a run left is in memory alone until it is collected. A job under which the supervisor dies again and again is not
    /// run without end.
    private func settle(_ entry: JobEntry) throws(GloveboxError) {
        let id = entry.job.id
        let isUntouched = entry.manifest.inputs.isEmpty || entry.job.phase == .staging && !entry.hasKey
        if isUntouched, entry.job.runs.count < Self.mostRuns {
            try site.transition(id, .interrupted(rerun: true))
        } else if entry.job.phase == .running {
            try site.transition(id, .interrupted(rerun: false))
        } else {
            try site.transition(id, .errored(component: "supervisor", code: "job.interrupted"))
        }
    }

    private enum Work {
        case change(String, JobChange)
        /// A job that has nothing to wait for any more.
        case expire(String, GloveboxError)
        case clean(String)
        case run(String)
        case check(String)
        case stop(String)
        case publish(String)
        case conclude(String)
        case report(String)
        case wait(Instant?)
    }

    private func loop() {
        while true {
            let rings = site.bell.rings
            workers.sift { refusal(of: $0) }
            switch next() {
            case .change(let id, let change):
                attempt(id) { () throws(GloveboxError) in try site.transition(id, change) }
            case .expire(let id, let why):
                attempt(id) { () throws(GloveboxError) in
                    try site.transition(id, .expired(reasons: [why.code]), explanation: why.message)
                }
            case .clean(let id):
                let handle = site.read { state in state.jobs[id]?.cluster }
                apart(id, if: site.isSending(id) || handle != nil) { [cluster] site throws(GloveboxError) in
                    if let handle { cluster?.withdraw(id, handle) }
                    let fault = try site.deliver(id)
                    try site.pending.destroy(id)
                    try site.frozen.destroy(id)
                    try site.drafts.destroy(id)
                    try site.transition(id, .cleaned, details: fault.map { [("undelivered", .string($0))] } ?? [])
                }
            case .run(let id):
                let worker = workers.remove(id)
                guard worker != nil || !hasWorkers else { continue }
                start(id) { runner, cancel throws(GloveboxError) in
                    defer { worker?.dismiss() }
                    var runner = runner
                    runner.worker = worker
                    try runner.run(cancel: cancel)
                }
            case .check(let id):
                start(id) { runner, _ throws(GloveboxError) in try runner.resumeCheck() }
            case .stop(let id): attempt(id) { () throws(GloveboxError) in try stop(id) }
            case .publish(let id):
                attempt(id) { () throws(GloveboxError) in try JobRunner(site: site, job: id).publish() }
            case .conclude(let id):
                apart(id, if: site.authority != nil) { site throws(GloveboxError) in
                    try JobRunner(site: site, job: id).conclude()
                }
            case .report(let id):
                apart(id, if: site.authority != nil) { site throws(GloveboxError) in
                    try JobRunner(site: site, job: id).report()
                }
            case .wait(let until):
                let deadline =
                    until.map { Date(timeIntervalSince1970: Double($0.milliseconds) / 1000) }
                    ?? Date(timeIntervalSinceNow: 3600)
                _ = site.bell.wait(after: rings, until: deadline)
            }
        }
    }

    /// Does what takes a job's time on a thread of its own, which lives as long as its jail must.
    private func start(
        _ id: String,
        _ body: @escaping @Sendable (JobRunner, Descriptor) throws(GloveboxError) -> Void
    ) {
        attempt(id) { () throws(GloveboxError) in
            let pipe: (read: Descriptor, write: Descriptor)
            do throws(SyscallError) { pipe = try Descriptor.pipe() } catch { throw error.coded("jail.launcher") }
            slots.withLock { $0[id] = Slot(stop: pipe.write) }
            thread("run") {
                self.attempt(id) { () throws(GloveboxError) in
                    try body(JobRunner(site: self.site, job: id), pipe.read)
                }
                self.slots.withLock { $0[id] = nil }
                self.site.bell.ring()
            }
        }
    }

    /// Takes a step of a job without a run; on a thread of its own when it waits for another operator's server, which may
    /// not answer for long.
    private func apart(
        _ id: String,
        if isLong: Bool,
        _ body: @escaping @Sendable (Site) throws(GloveboxError) -> Void
    ) {
        guard isLong else { return attempt(id) { () throws(GloveboxError) in try body(site) } }
        apart.withLock { _ = $0.insert(id) }
        thread("apart") {
            self.attempt(id) { () throws(GloveboxError) in try body(self.site) }
            self.apart.withLock { _ = $0.remove(id) }
            self.site.bell.ring()
        }
    }

    private func stop(_ id: String) throws(GloveboxError) {
        do {
            try slots.withLock { (slots: inout [String: Slot]) throws(SyscallError) in
                slots[id]?.isStopping = true
                try slots[id]?.stop.write([1])
            }
        } catch { throw error.coded("jail.launcher") }
    }

    private func attempt(_ id: String, _ body: () throws(GloveboxError) -> Void) {
        do { try body() } catch {
            logger.error(
                "job step failed",
                metadata: ["job": "\(id)", "code": "\(error.code)", "why": "\(error.message)"]
            )
            // A step that cannot be taken must not be tried without end; the log itself may be gone.
            do {
                try site.transition(id, .errored(component: "supervisor", code: error.code), explanation: error.message)
            } catch { Thread.sleep(forTimeInterval: 1) }
        }
    }

    private func next() -> Work {
        let now = clock()
        let running = slots.withLock { slots in slots.mapValues(\.isStopping) }
        let apart = apart.withLock { $0 }
        let scheduler = Scheduler(capacity: site.settings.jobs.capacity)
        let hasRoom = site.lackOfRoom == nil
        let ready = hasWorkers ? workers.jobs : nil
        return site.read { state in
            var wake: Instant?
            for entry in state.open.compactMap({ state.jobs[$0] }) where !apart.contains(entry.job.id) {
                let job = entry.job
                if let isStopping = running[job.id] {
                    if job.phase == .cancelled, !isStopping { return .stop(job.id) }
                    if let change = Self.withdrawal(entry) { return .change(job.id, change) }
                    continue
                }
                if job.phase.successors.contains(.expired) {
                    if let why = state.end(of: entry, at: now) { return .expire(job.id, why) }
                    if let ends = state.projectEnd(of: entry) { wake = min(wake ?? ends, ends) }
                }
                switch job.phase {
                case .accepted:
                    let ends = job.waiting?.deadline ?? now
                    if ends <= now { return .change(job.id, .accepted(needsApproval: entry.needsApproval)) }
                    wake = min(wake ?? ends, ends)
                case .awaitingApproval:
                    if let change = Self.verdict(entry, now) { return .change(job.id, change) }
                    let ends = site.approvalDeadline(of: entry)
                    if ends <= now { return .change(job.id, .expired()) }
                    wake = min(wake ?? ends, ends)
                case .queued:
                    if let why = Self.loss(entry, now) { return .change(job.id, .approvalLost(why)) }
                case .awaitingReview:
                    if entry.sealed?.tally.isComplete == true || job.review != nil { return .conclude(job.id) }
                    fallthrough
                case .returned:
                    let ends = Site.reviewDeadline(of: entry)
                    if ends <= now { return .change(job.id, .expired()) }
                    wake = min(wake ?? ends, ends)
                // A supervisor that died had decided it.
                case .checking where entry.sealed != nil:
                    return Self.withdrawal(entry).map { .change(job.id, $0) } ?? .conclude(job.id)
                case .checking where entry.frozen != nil:
                    if let change = Self.withdrawal(entry) { return .change(job.id, change) }
                    guard job.resumedChecks < Self.mostChecks else {
                        return .change(job.id, .errored(component: "supervisor", code: "job.interrupted"))
                    }
                    return .check(job.id)
                case .releasing:
                    let due = entry.reportTime
                    if due <= now, entry.sealed != nil, entry.reportIndex == nil { return .report(job.id) }
                    // The witnesses' answers ring the bell.
                    if due <= now, !state.isPaused, site.isWitnessed(entry) { return .publish(job.id) }
                    if due > now { wake = min(wake ?? due, due) }
                default:
                    guard job.phase.isTerminal, job.cleanup == .pending else { continue }
                    guard job.outcome != nil, entry.evidence == nil else { return .clean(job.id) }
                    let due = entry.reportTime
                    if due <= now { return .report(job.id) }
                    wake = min(wake ?? due, due)
                }
            }
            // Nothing rings when a disk has room again.
            if !hasRoom, !state.queued.isEmpty { wake = min(wake ?? now.adding(seconds: 5), now.adding(seconds: 5)) }
            let room = scheduler.free(beside: running.keys.compactMap { state.jobs[$0]?.needs })
            if room.processors > 0, hasRoom, !state.isPaused {
                let limits = StartLimits(state, site.settings.quotas, at: now, starting: Set(running.keys))
                let free = state.queued.filter { job in
                    guard running[job.id] == nil, ready?.contains(job.id) ?? true, let entry = state.jobs[job.id]
                    else { return false }
                    guard let hold = limits.hold(entry) else { return true }
                    if let until = hold.until { wake = min(wake ?? until, until) }
                    return false
                }
                let claims = state.queue.order(free).lazy.compactMap { state.jobs[$0.id]?.claim }
                if let job = scheduler.next(claims, in: room, at: now) { return .run(job) }
            }
            return .wait(wake)
        }
    }

    /// What follows from a withdrawn approval until the intent to release is on record; nil when nothing does.
    private static func withdrawal(_ entry: JobEntry) -> JobChange? {
        guard entry.tally.isRevoked, entry.job.phase.successors.contains(.cancelled),
            let vote = entry.tally.votes.last
        else { return nil }
        return .cancelled(by: vote.account)
    }

    /// Why a job that was approved is not any more; nil when it still is.
    private static func loss(_ entry: JobEntry, _ now: Instant) -> Waiting.Code? {
        guard entry.needsApproval else { return nil }
        return switch entry.tally.state(at: now) {
        case .approved, .spent: nil
        case .waiting(.approvalExpired, _): .approvalExpired
        case .waiting, .refused: .approvalRevoked
        }
    }

    /// What the votes on a plan say, counted again from the journal each time: a vote may come before its job waits for
    /// one, and the supervisor may die between a vote and what follows from it.
    private static func verdict(_ entry: JobEntry, _ now: Instant) -> JobChange? {
        switch entry.tally.state(at: now) {
        case .approved(let votes, _): .approved(approvals: votes.map(\.digest))
        case .refused: .denied(reasons: ["approval.refused"])
        case .waiting, .spent: nil
        }
    }
}
