internal import Foundation
internal import GloveboxAttestation
internal import GloveboxCore
internal import GloveboxJobs
internal import Logging

/// Hands queued jobs to a cluster's scheduler, and looks after them until their workers have come.
///
/// The scheduler's word starts nothing and ends nothing: a job runs when its worker is here, and a worker whose job does
/// not wait to run is sent away. So a job that was handed in twice, by a supervisor that died in between, runs once.
/// Source: job-backend section 7.3.
struct ClusterQueue {
    let site: Site
    let settings: ClusterSettings
    let logger: Logger
    /// The jobs whose workers have come.
    let ready: @Sendable () -> Set<String>

    /// How often a job is handed in whose worker never came.
    private static let mostTries = 3
    /// Seconds after which a job that was handed in must be listed.
    private static let grace: Int64 = 5

    /// A line of the scheduler's list.
    private struct Listed {
        let state: String
        let reason: String
    }

    /// Serves until the process ends.
    func serve() {
        var looked: Instant?
        while true {
            let rings = site.bell.rings
            let now = Machine.now()
            let queued = queued()
            let isDue = looked.map { $0.adding(seconds: settings.interval) <= now } ?? true
            if isDue, queued.contains(where: { $0.handle != nil }) {
                look(at: queued)
                looked = now
            }
            // After a failure the others wait for the next look, too.
            if isDue || site.cluster.problem == nil {
                handIn(queued.filter { $0.handle == nil })
                if site.cluster.problem != nil { looked = now }
            }
            let next = queued.isEmpty ? now.adding(seconds: 3600) : (looked ?? now).adding(seconds: settings.interval)
            _ = site.bell.wait(after: rings, until: Date(timeIntervalSince1970: Double(next.milliseconds) / 1000))
        }
    }

    /// Takes a job back that has ended before its worker came.
    ///
    /// A scheduler that does not do so is only logged: the worker, when it comes, is sent away.
    func withdraw(_ job: String, _ handle: ClusterHandle) {
        let command = settings.cancel.map { $0.replacing(ClusterScript.externalID, with: handle.id) }
        do throws(GloveboxError) { _ = try run(command) } catch { warn(job, error) }
    }

    private func run(_ arguments: [String], input: String = "") throws(GloveboxError) -> String {
        try OperatorCommand(purpose: .cluster, arguments: arguments, patience: settings.patience).run(input: input)
    }

    private func warn(_ job: String, _ error: GloveboxError) {
        logger.warning(
            "the cluster does not answer as it should",
            metadata: ["job": "\(Display.escape(job))", "code": "\(error.code)", "why": "\(error.message)"]
        )
    }

    /// The jobs that wait to run, oldest first, with the scheduler's handle on each that was handed in.
    private func queued() -> [(job: String, handle: ClusterHandle?)] {
        let ready = ready()
        return site.read { state in
            state.isPaused
                ? []
                : state.queued.filter { !ready.contains($0.id) }.map { ($0.id, state.jobs[$0.id]?.cluster) }
        }
    }

    private func handIn(_ jobs: [(job: String, handle: ClusterHandle?)]) {
        for (job, _) in jobs {
            do throws(GloveboxError) {
                try submit(job, tries: 1)
                site.cluster.problem = nil
            } catch {
                site.cluster.problem = error
                return warn(job, error)
            }
        }
    }

    private func submit(_ job: String, tries: Int) throws(GloveboxError) {
        guard let entry = site.read({ state in state.jobs[job] }) else { return }
        let wall = entry.manifest.core.limits.wallSeconds
        let values = try ClusterScript.values(task: job, needs: entry.needs, wall: wall, state: site.layout.root)
        let printed = try run(settings.submit, input: ClusterScript.fill(settings.template, values))
        guard let id = settings.id(in: printed) else {
            throw GloveboxError(
                "cluster.command",
                "\(settings.name) took \(job) and gave no id: \(Display.escape(String(printed.prefix(80))))"
            )
        }
        let now = Machine.now()
        let handle = ClusterHandle(id: id, tries: tries, time: now)
        let party = Waiting.Party.cluster(settings.name, job: id, reason: "")
        do throws(GloveboxError) {
            try site.transition(
                job,
                .waiting(Waiting(.scheduler, since: now, on: [party])),
                details: [("cluster", handle.json(template: Machine.sha256(Array(settings.template.utf8))))]
            )
        } catch {
            withdraw(job, handle)
            throw error
        }
    }

    /// Reads the scheduler's list, and hands in again what it has lost.
    private func look(at queued: [(job: String, handle: ClusterHandle?)]) {
        let listed: [String: Listed]
        do throws(GloveboxError) { listed = Self.list(try run(settings.status)) } catch {
            site.cluster.problem = error
            return warn("", error)
        }
        site.cluster.problem = nil
        site.cluster.take(listed.mapValues(\.reason))
        let (ready, now) = (ready(), Machine.now())
        for (job, handle) in queued {
            guard let handle, handle.time.adding(seconds: Self.grace) <= now, !ready.contains(job),
                listed[handle.id].map({ settings.isAlive($0.state) }) != true
            else { continue }
            do throws(GloveboxError) { try replace(job, handle) } catch { warn(job, error) }
        }
    }

    /// Hands a job in once more whose worker did not come, or gives it up.
    private func replace(_ job: String, _ handle: ClusterHandle) throws(GloveboxError) {
        guard handle.tries < Self.mostTries else {
            try site.transition(
                job,
                .expired(reasons: ["cluster.lost"]),
                explanation: "\(settings.name) lost it \(handle.tries) times, last as \(handle.id)"
            )
            return
        }
        try submit(job, tries: handle.tries + 1)
    }

    /// Lines `ID|STATE|REASON`; others are passed over.
    private static func list(_ printed: String) -> [String: Listed] {
        var listed: [String: Listed] = [:]
        for line in printed.split(separator: "\n") {
            let parts = line.split(separator: "|", maxSplits: 2, omittingEmptySubsequences: false)
            guard parts.count > 1, !parts[0].isEmpty else { continue }
            let reason = parts.count > 2 ? String(parts[2].prefix(80)) : ""
            listed[String(parts[0])] = Listed(state: String(parts[1]), reason: reason == "None" ? "" : reason)
        }
        return listed
    }
}
