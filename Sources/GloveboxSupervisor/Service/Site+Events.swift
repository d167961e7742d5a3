package import GloveboxAPI
package import GloveboxCore
internal import GloveboxIndex
internal import GloveboxJobs

/// Where an event stands among all that a watcher sees: by the moment it shows, by job, by its place in the job.
struct EventPlace: Comparable, Hashable, Sendable {
    let at: Int64
    let job: Int
    let number: Int

    /// The place before everything.
    static let start = EventPlace(at: .min, job: 0, number: 0)

    init(at: Int64, job: Int, number: Int) {
        self.at = at
        self.job = job
        self.number = number
    }

    /// Reads what ``text`` writes.
    init?(_ text: String) {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false).map { Int64($0) }
        guard parts.count == 3, let at = parts[0], let job = parts[1], let number = parts[2], at >= 0, job >= 0,
            number >= 0
        else { return nil }
        self.init(at: at, job: Int(clamping: job), number: Int(clamping: number))
    }

    var text: String { "\(at)-\(job)-\(number)" }

    /// Milliseconds told again after the clock was set back: who looks each second sees it a little later.
    private static let overlap: Int64 = 5000

    /// Where to go on from: here, unless the clock was set back since.
    ///
    /// What comes now would stand before this place for as long as it was set back, and never be told. What is told twice has
    /// the same id.
    func heeding(_ clock: Instant) -> EventPlace {
        at > clock.milliseconds ? EventPlace(at: max(0, clock.milliseconds - Self.overlap), job: 0, number: 0) : self
    }

    static func < (left: Self, right: Self) -> Bool {
        (left.at, left.job, left.number) < (right.at, right.job, right.number)
    }
}

extension Site {
    /// What a watcher is told.
    struct Look: Sendable {
        /// Events with their places, in order.
        var events: [(place: EventPlace, event: SiteEvent)] = []
        /// What is true now of the one job that is watched, told again when it changes: why it waits, who has spoken.
        var present: [String: SiteEvent] = [:]
        /// How far the job is, told when its place in the queue changes and as a sign of life.
        var progress: SiteEvent?
        /// The job's place in the queue.
        var place: Int?
        /// Whether nothing more can come.
        var isOver = false
    }

    /// Everything after a place that the caller may see, of one job or of all.
    ///
    /// Only what began before this millisecond is told, so that nothing can come to stand before it later.
    ///
    /// - Throws: `object.not-found`.
    func look(_ caller: Caller, job: String?, after place: EventPlace) throws(GloveboxError) -> Look {
        if let job { _ = try visible(job, to: caller) }
        let now = Machine.now()
        var look = Look()
        look.isOver = job != nil
        let ids = if let job { [job] } else { try watched(by: caller, since: place) }
        for id in ids {
            guard let entry = try entry(id) else { continue }
            let isFull = !caller.roles.isDisjoint(with: [.auditor, .operator, .owner])
            let shown = isFull ? entry.job.transitions : entry.shownTransitions(at: now)
            for (index, transition) in shown.enumerated() where transition.at < now {
                let here = EventPlace(
                    at: transition.at.milliseconds,
                    job: Int(clamping: entry.number),
                    number: index + 1
                )
                guard here > place else { continue }
                let isEnd = transition.phase == .released
                let data: JSONValue = [
                    "job": .string(id), "n": .integer(Int64(index + 1)), "phase": .string(transition.phase.rawValue),
                    "at": .string(transition.at.description),
                ]
                let event = SiteEvent(id: here.text, name: isEnd ? "release" : "phase", data: data)
                look.events.append((here, event))
            }
            guard job != nil else { continue }
            let info = try info(id, for: caller)
            look.isOver = info.phase.isTerminal && (shown.last.map { $0.at < now } ?? true)
            look.tell(info, at: now)
        }
        look.events.sort { $0.place < $1.place }
        return look
    }

    /// The jobs of which something may have come after a place; most jobs of a site ended long before.
    private func watched(by caller: Caller, since place: EventPlace) throws(GloveboxError) -> [String] {
        var filter = filter(for: caller)
        filter.revealedSince = Instant(milliseconds: place.at)
        var ids: [String] = []
        try walk(filter) { (_, id) throws(GloveboxError) in
            if try entry(id).map({ isVisible($0, to: caller) }) == true { ids.append(id) }
            return true
        }
        return ids
    }
}

extension Site.Look {
    /// Takes in what is true of a job now, as its watcher may read it elsewhere, too.
    mutating func tell(_ info: JobInfo, at now: Instant) {
        guard !info.phase.isTerminal else { return }
        if let waiting = info.waiting {
            present["waiting"] = SiteEvent(
                id: nil,
                name: "waiting",
                data: waiting.json(phase: info.phase, message: "")
            )
            for party in waiting.waitingOn {
                switch party {
                case .role(let role, let need, let have): tellVote(info.id, "role", role.rawValue, need, have)
                case .datasetOwner(let dataset, let need, let have):
                    tellVote(info.id, "dataset_owner", dataset, need, have)
                case .place(let place): self.place = place
                case .submitter, .witness, .cluster, .isolation: break
                }
            }
        }
        var data: [(String, JSONValue)] = [
            ("job", .string(info.id)), ("phase", .string(info.phase.rawValue)),
            ("seconds", .integer(max(0, now.seconds - info.since.seconds))),
        ]
        if let place { data.append(("place", .integer(Int64(place)))) }
        progress = SiteEvent(id: nil, name: "progress", data: .object(JSONObject(data)))
    }

    /// How many of those who are asked have spoken; never what they said, nor who they are.
    private mutating func tellVote(_ job: String, _ kind: String, _ name: String, _ need: Int, _ have: Int) {
        guard have > 0 else { return }
        present["vote \(kind) \(name)"] = SiteEvent(
            id: nil,
            name: "vote",
            data: [
                "job": .string(job), "kind": .string(kind), "of": .string(name), "need": .integer(Int64(need)),
                "have": .integer(Int64(have)),
            ]
        )
    }
}

extension SiteDoor {
    /// Seconds for which a stream lasts at most.
    private static let longest = 1800

    package func events(_ caller: Caller, job: String?, after id: String?) async throws(GloveboxError)
        -> AsyncStream<SiteEvent>
    {
        var place = EventPlace.start
        if let id {
            guard let known = EventPlace(id) else {
                throw GloveboxError("request.invalid", "Last-Event-ID is not the id of an event of this site")
            }
            place = known
        } else if job == nil {
            place = EventPlace(at: Machine.now().milliseconds, job: .max, number: .max)
        }
        let begin = place
        _ = try await look(caller) { (site) throws(GloveboxError) in try site.look(caller, job: job, after: begin) }
        let (stream, continuation) = AsyncStream<SiteEvent>.makeStream(bufferingPolicy: .bufferingOldest(1024))
        let task = Task {
            await self.watch(caller, job, begin, continuation)
            continuation.finish()
        }
        continuation.onTermination = { _ in task.cancel() }
        return stream
    }

    private func watch(
        _ caller: Caller,
        _ job: String?,
        _ begin: EventPlace,
        _ continuation: AsyncStream<SiteEvent>.Continuation
    ) async {
        var place = begin
        var present: [String: SiteEvent] = [:]
        var queuePlace: Int?
        let listener = bell.listen(to: job)
        defer { bell.leave(listener) }
        let clock = ContinuousClock()
        let end = clock.now.advanced(by: .seconds(Self.longest))
        var ping = clock.now.advanced(by: .seconds(15))
        while clock.now < end, !Task.isCancelled {
            place = place.heeding(Machine.now())
            let from = place
            let seen: Site.Look
            do throws(GloveboxError) {
                seen = try await perform { (site) throws(GloveboxError) in
                    try site.look(caller, job: job, after: from)
                }
            } catch { return }
            for (at, event) in seen.events {
                if case .dropped = continuation.yield(event) { return }  // whoever does not read may come again
                place = at
            }
            for (name, event) in seen.present.sorted(by: { $0.key < $1.key }) where present[name] != event {
                continuation.yield(event)
            }
            present = seen.present
            if seen.isOver { return }
            if clock.now >= ping || seen.place != queuePlace {
                continuation.yield(seen.progress ?? .ping)
                queuePlace = seen.place
                ping = clock.now.advanced(by: .seconds(15))
            }
            // Ends of real runs show at ticks of the clock, which ring no bell.
            await listener.next(within: .seconds(1))
        }
    }
}
