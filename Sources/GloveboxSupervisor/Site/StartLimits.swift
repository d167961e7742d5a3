internal import GloveboxAttestation
internal import GloveboxCore
internal import GloveboxJobs
internal import GloveboxPolicy

/// What keeps jobs that wait from starting, as things stand at one moment: pauses, and the quotas of accounts and projects.
///
/// Source: job-backend sections 2.1 and 9.
struct StartLimits {
    /// Why a job does not start, and when that may change by itself.
    struct Hold: Hashable {
        let code: Waiting.Code
        var until: Instant?
        /// Whether an owner or operator has to act.
        var needsPeople = false
    }

    private let projects: [String: RegisteredProject]
    private let usage: [String: ProjectUsage]
    private let quotas: AccountQuotas
    private let now: Instant
    /// Jobs that run, by account and by project.
    private var running: (account: [String: Int64], project: [String: Int64]) = ([:], [:])
    /// Bytes that running jobs may yet release, by project.
    private var promised: [String: Int64] = [:]
    /// Runs that begin and are not on record yet, and their processor time, by project.
    private var beginning: (runs: [String: Int64], seconds: [String: Int64]) = ([:], [:])

    /// The limits as they are; `starting` are jobs that have their place, whatever the journal says yet.
    init(_ state: borrowing SiteState, _ quotas: AccountQuotas, at now: Instant, starting: Set<String> = []) {
        (projects, usage) = (state.projects, state.usage)
        (self.quotas, self.now) = (quotas, now)
        for id in state.open {
            guard let entry = state.jobs[id] else { continue }
            let project = entry.manifest.project
            switch entry.job.phase {
            case .staging, .running, .checking,
                .queued where starting.contains(id):
                running.account[entry.job.submitter, default: 0] += 1
                running.project[project, default: 0] += 1
                promised[project, default: 0] += entry.mostReleased
                guard entry.firstStart == nil else { continue }
                beginning.runs[project, default: 0] += 1
                beginning.seconds[project, default: 0] += entry.cpuSeconds
            case .awaitingReview, .returned: promised[project, default: 0] += entry.mostReleased
            default: break
            }
        }
    }

    /// What keeps a job that waits for a place from starting; nil when nothing does.
    func hold(_ entry: JobEntry) -> Hold? {
        if running.account[entry.job.submitter] ?? 0 >= quotas.concurrent { return Hold(code: .quota) }
        let name = entry.manifest.project
        guard let project = projects[name]?.project else { return nil }
        if project.state == .paused { return Hold(code: .projectPaused, needsPeople: true) }
        if let starts = project.starts, now < starts { return Hold(code: .schedule, until: starts) }
        let quota = project.quota
        if let most = quota.concurrent, running.project[name] ?? 0 >= most { return Hold(code: .quota) }
        // A second run after a fault of the site was paid for with the first.
        guard entry.firstStart == nil else { return nil }
        let used = usage[name] ?? ProjectUsage()
        if let most = quota.runs, used.runs + (beginning.runs[name] ?? 0) >= most {
            return Hold(code: .quotaRuns, needsPeople: true)
        }
        if let most = quota.releasedBytes, entry.mostReleased > 0,
            used.releasedBytes + (promised[name] ?? 0) + entry.mostReleased > most
        {
            return Hold(code: .quotaBytes, needsPeople: promised[name] ?? 0 == 0)
        }
        let begun = used.cpuSeconds(at: now) + (beginning.seconds[name] ?? 0)
        if let most = quota.cpuSecondsPerDay, begun + entry.cpuSeconds > most {
            let until = used.moment(for: entry.cpuSeconds, within: most, at: now)
            return Hold(code: .quotaProcessor, until: until, needsPeople: until == nil)
        }
        return nil
    }

    /// How many jobs of a project run.
    func concurrent(_ project: String) -> Int64 { running.project[project] ?? 0 }
}

/// What one account may have open.
struct AccountQuotas: Sendable {
    /// Jobs that run side by side.
    var concurrent: Int64 = 10
    /// Jobs that wait to run.
    var queued: Int64 = 100
}

extension JobEntry {
    /// Seconds of processor time that its plan declares.
    var cpuSeconds: Int64 { Int64(clamping: manifest.core.limits.cpuSeconds) }

    /// Bytes that its release has at most, whatever the data: what the policy's files fit into, padded; 0 without private data.
    var mostReleased: Int64 { manifest.inputs.isEmpty ? 0 : rules.output.mostReleased }

    /// Whether it waits for its first run.
    var waitsToRun: Bool {
        switch job.phase {
        case .accepted, .awaitingApproval, .queued: true
        default: false
        }
    }
}

extension OutputPolicy {
    /// The length of the longest bundle with its files.
    var mostReleased: Int64 {
        let block: Int64 = 512
        var bytes = 2 * block
        for output in outputs { bytes += block + (Int64(output.maxBytes) + block - 1) / block * block }
        let sizes = channels.pad.sorted()
        return sizes.first { $0 >= bytes } ?? sizes.last ?? bytes
    }
}
