internal import Foundation
package import GloveboxCore
internal import GloveboxJobs
internal import GloveboxLinux
internal import GloveboxTransparency
package import Logging
internal import Synchronization

/// Moves jobs on: one thread looks at the state for something to do, does it, and looks again; a second one runs the
/// job whose turn it is, so that votes, releases and cancellations never wait for a run.
///
/// What it does next stands in the state alone, so a restart goes on where the journal ends. One job runs at a time: a
/// release is compared with every earlier one, so no two may be decided side by side.
package final class Engine: Sendable {
    private let site: Site
    private let logger: Logger
    private let slot = Mutex<Slot?>(nil)

    /// The run in progress.
    private struct Slot {
        let job: String
        /// Written to when the run shall stop.
        let stop: Descriptor
        var isStopping = false
    }

    /// An engine for a site.
    package init(site: Site, logger: Logger) {
        self.site = site
        self.logger = logger
    }

    /// Settles what a crash left, then starts the thread.
    ///
    /// It ends with the process.
    package func start() throws(GloveboxError) {
        try site.refreshTrust()
        try settle()
        thread("engine") { self.loop() }
    }

    private func thread(_ name: String, _ body: @escaping @Sendable () -> Void) {
        let thread = Thread(block: body)
        thread.name = name
        thread.stackSize = 8 << 20
        thread.start()
    }

    /// Closes every run that was open when the supervisor died.
    private func settle() throws(GloveboxError) {
        for entry in site.read({ state in state.order.compactMap { state.jobs[$0] } }) {
            let id = entry.job.id
            switch entry.job.phase {
            case .staging, .running:
                try site.transition(id, .interrupted(rerun: false))
                if site.read({ state in state.jobs[id]?.job.phase }) == .queued {
                    try site.transition(id, .dequeued(executor: "local", node: "localhost"))
                    try site.transition(id, .errored(component: "supervisor", code: "job.interrupted"))
                }
            case .checking: try site.transition(id, .errored(component: "supervisor", code: "job.interrupted"))
            case .awaitingReview, .accepted, .awaitingApproval, .queued, .returned, .releasing: break
            case .released, .denied, .withheld, .failed, .errored, .cancelled, .expired: break
            }
            // A run that was being killed when the supervisor died.
            if site.read({ state in state.jobs[id]?.isRunOpen }) == true {
                try site.record(Event(kind: .jobInterrupted, job: id, statusCode: "job.interrupted"))
            }
        }
    }

    private enum Work {
        case change(String, JobChange)
        case run(String)
        case stop(String)
        case publish(String)
        case report(String)
        case wait(Instant?)
    }

    private func loop() {
        while true {
            let rings = site.bell.rings
            switch next() {
            case .change(let id, let change):
                attempt(id) { () throws(GloveboxError) in try site.transition(id, change) }
            case .run(let id): attempt(id) { () throws(GloveboxError) in try start(id) }
            case .stop(let id): attempt(id) { () throws(GloveboxError) in try stop() }
            case .publish(let id):
                attempt(id) { () throws(GloveboxError) in try JobRunner(site: site, job: id).publish() }
            case .report(let id):
                attempt(id) { () throws(GloveboxError) in try ReportMaker(site: site).issue(for: id, facts: nil) }
            case .wait(let until):
                let deadline =
                    until.map { Date(timeIntervalSince1970: Double($0.milliseconds) / 1000) }
                    ?? Date(timeIntervalSinceNow: 3600)
                _ = site.bell.wait(after: rings, until: deadline)
            }
        }
    }

    /// Runs a job on a thread of its own, which lives as long as its jail must.
    private func start(_ id: String) throws(GloveboxError) {
        let pipe: (read: Descriptor, write: Descriptor)
        do { pipe = try Descriptor.pipe() } catch { throw error.coded("jail.launcher") }
        slot.withLock { $0 = Slot(job: id, stop: pipe.write) }
        thread("run") {
            self.attempt(id) { () throws(GloveboxError) in
                try JobRunner(site: self.site, job: id).run(cancel: pipe.read)
            }
            self.slot.withLock { $0 = nil }
            self.site.bell.ring()
        }
    }

    private func stop() throws(GloveboxError) {
        do {
            try slot.withLock { (slot: inout Slot?) throws(SyscallError) in
                slot?.isStopping = true
                try slot?.stop.write([1])
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
        let now = Machine.now()
        let (busy, isStopping) = slot.withLock { ($0?.job, $0?.isStopping ?? false) }
        return site.read { state in
            var wake: Instant?
            for entry in state.order.compactMap({ state.jobs[$0] }) {
                let job = entry.job
                if job.id == busy {
                    if job.phase == .cancelled, !isStopping { return .stop(job.id) }
                    continue
                }
                switch job.phase {
                case .accepted:
                    let ends = job.waiting?.deadline ?? now
                    if ends <= now { return .change(job.id, .accepted(needsApproval: entry.needsApproval)) }
                    wake = min(wake ?? ends, ends)
                case .awaitingApproval: if let change = Self.verdict(entry, now) { return .change(job.id, change) }
                case .queued: if !state.isPaused, busy == nil { return .run(job.id) }
                case .releasing:
                    let due = site.releaseTime(of: entry, in: state)
                    // The witnesses' answers ring the bell.
                    if due <= now, !state.isPaused, site.isWitnessed(entry) { return .publish(job.id) }
                    if due > now { wake = min(wake ?? due, due) }
                default:
                    guard job.phase.isTerminal, job.cleanup == .pending else { continue }
                    return job.outcome != nil && entry.evidence == nil ? .report(job.id) : .change(job.id, .cleaned)
                }
            }
            return .wait(wake)
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
