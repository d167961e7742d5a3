internal import Foundation
package import GloveboxCore
internal import GloveboxJobs
package import Logging

/// The thread that moves jobs on: it looks at the state for something to do, does it, and looks again.
///
/// What it does next stands in the state alone, so a restart goes on where the journal ends.
package final class Engine: Sendable {
    private let site: Site
    private let logger: Logger

    /// An engine for a site.
    package init(site: Site, logger: Logger) {
        self.site = site
        self.logger = logger
    }

    /// Settles what a crash left, then starts the thread.
    ///
    /// It ends with the process.
    package func start() throws(GloveboxError) {
        try settle()
        let thread = Thread { self.loop() }
        thread.name = "engine"
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
        }
    }

    private enum Work {
        case accept(String)
        case run(String)
        case publish(String)
        case report(String)
        case clean(String)
        case wait(Instant?)
    }

    private func loop() {
        while true {
            let rings = site.bell.rings
            switch next() {
            case .accept(let id):
                attempt(id) { () throws(GloveboxError) in
                    try site.transition(id, .accepted(needsApproval: true))
                }
            case .run(let id):
                attempt(id) { () throws(GloveboxError) in try JobRunner(site: site, job: id).run() }
            case .publish(let id):
                attempt(id) { () throws(GloveboxError) in try JobRunner(site: site, job: id).publish() }
            case .report(let id):
                attempt(id) { () throws(GloveboxError) in try ReportMaker(site: site).issue(for: id, facts: nil) }
            case .clean(let id): attempt(id) { () throws(GloveboxError) in try site.transition(id, .cleaned) }
            case .wait(let until):
                let deadline =
                    until.map { Date(timeIntervalSince1970: Double($0.milliseconds) / 1000) }
                    ?? Date(timeIntervalSinceNow: 3600)
                _ = site.bell.wait(after: rings, until: deadline)
            }
        }
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
        return site.read { state in
            var wake: Instant?
            for id in state.order {
                guard let entry = state.jobs[id] else { continue }
                switch entry.job.phase {
                case .accepted:
                    let ends = entry.job.waiting?.deadline ?? now
                    if ends <= now { return .accept(id) }
                    wake = min(wake ?? ends, ends)
                case .queued: if !state.isPaused { return .run(id) }
                case .releasing: if !state.isPaused { return .publish(id) }
                default:
                    guard entry.job.phase.isTerminal, entry.job.cleanup == .pending else { continue }
                    return entry.job.outcome != nil && entry.evidence == nil ? .report(id) : .clean(id)
                }
            }
            return .wait(wake)
        }
    }
}
