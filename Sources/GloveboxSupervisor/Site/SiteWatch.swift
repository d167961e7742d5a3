package import GloveboxAPI
internal import GloveboxAttestation
internal import GloveboxCore
internal import GloveboxJobs
internal import GloveboxLinux
internal import GloveboxPolicy
internal import GloveboxStore
internal import Synchronization

/// The site as machines see it that watch over it.
///
/// Source: job-backend sections 9 and 10.
package struct SiteWatch: OperatedSite {
    private let site: Site
    private let offload = Offload("watch")

    /// A watch over a site.
    package init(_ site: Site) { self.site = site }

    package func readiness() async -> [ReadinessCheck] {
        await measure { site in
            let stamps = site.authority.map { authority in
                ReadinessCheck("time-stamps", problem: authority.problem.map { Self.words($0) })
            }
            let cluster = site.settings.jobs.cluster.map { _ in
                ReadinessCheck("cluster", problem: site.cluster.problem.map { Self.words($0) })
            }
            return [
                ReadinessCheck("log", problem: site.log.refusal.map { Self.words($0) }),
                ReadinessCheck("index", problem: site.indexProblem.map { Self.words($0) }),
                ReadinessCheck("disk", problem: site.lackOfRoom),
                ReadinessCheck(
                    "clock",
                    problem: Machine.now() >= site.configuration.founded
                        ? nil : "the clock is before the site's founding; set it"
                ),
            ] + [stamps, cluster, Self.nodes(site)].compactMap(\.self)
        }
    }

    /// Tells of certificates that end; a site is ready without any node.
    private static func nodes(_ site: Site) -> ReadinessCheck? {
        guard site.settings.jobs.nodes != nil else { return nil }
        let now = Machine.now()
        let notices = site.nodeList().compactMap { $0.notice(at: now) }
        let help = "; 'glovebox node request' there and 'node enroll' here give another"
        return ReadinessCheck("nodes", notice: notices.isEmpty ? nil : notices.joined(separator: ", ") + help)
    }

    package func metrics() async -> [Metric] { await measure { site in site.metrics(at: Machine.now()) } }

    private func measure<Value: Sendable>(_ body: @escaping @Sendable (Site) -> [Value]) async -> [Value] {
        do { return try await offload.run { [site] () throws(GloveboxError) in body(site) } } catch { return [] }
    }

    private static func words(_ error: GloveboxError) -> String {
        error.message + (error.hint.map { "; " + $0 } ?? "")
    }
}

extension Site {
    /// Why no new job may start for want of room on the state's disk; nil while there is enough.
    var lackOfRoom: String? {
        let space: DiskSpace
        do { space = try DiskSpace(of: layout.root) } catch {
            return "the disk does not say how much room it has: \(error)"
        }
        let mark = Self.lowWater(of: space)
        guard space.available < mark else { return nil }
        return "\(space.available >> 20) MiB are free and no job starts below \(mark >> 20); free some"
    }

    /// Below so much room no new job starts: 5 % of the disk, or 2 GiB where that is less.
    static func lowWater(of space: DiskSpace) -> UInt64 { min(space.total / 20, 2 << 30) }

    /// The site's figures.
    func metrics(at now: Instant) -> [Metric] {
        let (phases, since, isPaused) = read { state in
            var phases = state.ended
            var since: [JobPhase: Instant] = [:]
            for entry in state.jobs.values {
                phases[entry.job.phase, default: 0] += 1
                guard !entry.job.phase.isTerminal, let at = entry.job.transitions.last?.at else { continue }
                since[entry.job.phase] = min(since[entry.job.phase] ?? at, at)
            }
            return (phases, since, state.isPaused)
        }
        let open = JobPhase.allCases.filter { !$0.isTerminal }
        func seconds(_ since: Instant?) -> Double {
            since.map { max(0, Double(now.milliseconds - $0.milliseconds) / 1000) } ?? 0
        }
        var metrics = [
            Metric("build_info", "The version that runs.", by: "version", [(SiteLog.version, 1)]),
            Metric("paused", "1 while starts and releases are stopped.", .gauge, isPaused ? 1 : 0),
            Metric(
                "jobs",
                "Jobs by phase.",
                by: "phase",
                JobPhase.allCases.map { ($0.rawValue, Double(phases[$0] ?? 0)) }
            ),
            Metric(
                "oldest_wait_seconds",
                "How long the oldest open job has been in its phase.",
                by: "phase",
                open.map { ($0.rawValue, seconds(since[$0])) }
            ),
            Metric(
                "approvals_waiting",
                "Plans that wait for people.",
                .gauge,
                Double(phases[.awaitingApproval] ?? 0)
            ),
            Metric("reviews_waiting", "Releases that wait for people.", .gauge, Double(phases[.awaitingReview] ?? 0)),
            Metric("slots", "Jobs that may run side by side.", .gauge, Double(settings.jobs.capacity.processors)),
            Metric(
                "capacity_memory_bytes",
                "Memory that jobs which run side by side may declare.",
                .gauge,
                Double(settings.jobs.capacity.memory)
            ),
            Metric("log_entries_total", "Entries of the transparency log.", .counter, Double(log.size)),
            Metric(
                "log_published_entries",
                "Entries under the published checkpoint.",
                .gauge,
                Double(log.publishedSize)
            ),
            Metric("log_writable", "0 once the log takes no events.", .gauge, log.refusal == nil ? 1 : 0),
            Metric(
                "witnessed_entries",
                "Entries under the newest checkpoint that satisfies the quorum.",
                .gauge,
                Double(board.withLock { $0.cosigned?.size ?? 0 })
            ),
        ]
        metrics += logMetrics(at: now)
        let nodes = nodeList().filter { $0.state != .removed }
        if !nodes.isEmpty {
            metrics.append(
                Metric(
                    "node_certificate_seconds",
                    "Until the end of a node's certificate; less than 0 once it has ended.",
                    by: "node",
                    nodes.map { ($0.name, Double($0.expires.milliseconds - now.milliseconds) / 1000) }
                )
            )
        }
        do {
            let space = try DiskSpace(of: layout.root)
            metrics.append(
                Metric("disk_free_bytes", "Room on the state's disk.", by: "use", [("state", Double(space.available))])
            )
        } catch {}  // readiness says so; a figure that is not known is left out
        return metrics + figures.metrics
    }

    /// How far the log's disk and its witnesses keep up; an age is left out until there is something to be old.
    private func logMetrics(at now: Instant) -> [Metric] {
        let (times, board) = (log.syncTimes, board.withLock { $0 })
        var syncs = Metric(
            "log_fsync_seconds",
            "From the write of a record or of a signed checkpoint to its being durable.",
            .histogram
        )
        syncs.add([], bounds: SyncTimes.bounds, counts: times.counts, sum: times.sum, number: times.number)
        var metrics = [
            syncs,
            Metric(
                "witness_cosignatures",
                "Witnesses that cosigned the newest checkpoint that any of them did.",
                .gauge,
                Double(board.newest)
            ),
        ]
        if let age = log.checkpointAge {
            metrics.append(Metric("log_checkpoint_age_seconds", "Since a checkpoint was published.", .gauge, age))
        }
        if let last = board.lastAt {
            let age = Double(max(0, now.milliseconds - last.milliseconds)) / 1000
            metrics.append(
                Metric("witness_cosignature_age_seconds", "Since a witness cosigned a checkpoint.", .gauge, age)
            )
        }
        return metrics
    }

    /// Counts what a change did to a job; `phase` is the one it brought the job to, nil where it left it in its own.
    func count(_ change: JobChange, of id: String, movedTo phase: JobPhase?) {
        guard let entry = read({ state in state.jobs[id] }), let last = entry.job.transitions.last else { return }
        let isPrivate = !entry.manifest.inputs.isEmpty
        /// Seconds in the phase before this one.
        func seconds(in phase: JobPhase) -> Double? {
            let before = entry.job.transitions.last { $0.phase == phase }
            return before.map { Double(max(0, last.at.milliseconds - $0.at.milliseconds)) / 1000 }
        }
        if let phase { figures.count(.transitions, [("to", phase.rawValue)]) }
        switch change {
        case .dequeued: if let waited = seconds(in: .queued) { figures.time(.queueWait, waited) }
        case .started: if let took = seconds(in: .staging) { figures.time(.startLatency, took) }
        case .ended(let exit):
            let result = isPrivate ? "private" : exit.isSuccess ? "success" : exit.word
            figures.count(.runs, [("executor", entry.job.lastRun?.executor ?? ""), ("result", result)])
        case .checked(let verdict): countDecision(verdict.rawValue, entry)
        case .reviewClosed(let release): countDecision(release ? "people.release" : "people.withhold", entry)
        case .returned: countDecision("people.return", entry)
        default: break
        }
    }

    private func countDecision(_ decision: String, _ entry: JobEntry) {
        figures.count(.decisions, [("tier", entry.rules.output.tier.rawValue), ("decision", decision)])
    }
}
