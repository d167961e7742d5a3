internal import GloveboxAPI
internal import GloveboxAttestation
internal import GloveboxCore
internal import GloveboxJobs
internal import GloveboxStore
internal import GloveboxTransparency

/// One message to a webhook, and how far it is told of with it.
struct WebhookMessage: Sendable {
    /// Where it stands among all that the webhook's account may see.
    let place: EventPlace
    let body: [UInt8]

    /// A message whose id follows from the webhook and what is told, so that it is the same when it is sent again.
    init(
        _ type: String,
        to webhook: some Subscriber,
        at place: EventPlace,
        site: String,
        _ members: [(String, JSONValue)]
    ) {
        self.place = place
        let at = Instant(milliseconds: place.at)
        let seed = Machine.sha256(Array("\(webhook.id) \(place.text) \(type)".utf8))
        let id = Identifier.make("evt", at: at, random: Array(seed.bytes.prefix(10)))
        let head: [(String, JSONValue)] = [
            ("id", .string(id)), ("type", .string(type)), ("site", .string(site)), ("at", .string(at.text)),
        ]
        body = CanonicalJSON.encode(.object(JSONObject(head + members + webhook.members)))
    }
}

/// Something about the log that its watchers should look at.
struct LogAlert: Sendable {
    let at: Instant
    /// Where its event stands in the log; the greatest number for a log that takes no events.
    let index: UInt64
    let code: String

    /// The kinds of such events.
    static let kinds: Set<EventKind> = [.incidentOpened, .witnessDisagreed, .keyCompromised, .logStopped]

    /// After all that jobs have at the same moment.
    var place: EventPlace { EventPlace(at: at.milliseconds, job: .max, number: Int(clamping: index)) }
}

extension Site {
    /// The next messages to a webhook after a place, a number of places at most, and how far they tell.
    ///
    /// - Throws: what reading the index and the journal throws.
    func messages(
        to webhook: some Subscriber,
        after place: EventPlace,
        most: Int
    ) throws(GloveboxError) -> (messages: [WebhookMessage], place: EventPlace) {
        guard let caller = read({ state in state.accounts[webhook.account]?.caller }) else { return ([], place) }
        let now = Machine.now()
        let alerts = alerts(at: now).filter { $0.place > place && $0.at < now }
        let events = try look(caller, job: nil, after: place).events
        var told: [(place: EventPlace, messages: [WebhookMessage])] = []
        for (here, event) in events.prefix(most) {
            told.append((here, try messages(of: event, at: here, to: webhook, as: caller)))
        }
        // What is left for the next time comes after what is told now.
        let end = events.count > most ? told.last?.place : nil
        for alert in alerts.prefix(most) where webhook.topics.contains(.logAlert) {
            if let end, alert.place > end { continue }
            let members: [(String, JSONValue)] = [("code", .string(alert.code))]
            let message = WebhookMessage(
                WebhookTopic.logAlert.rawValue,
                to: webhook,
                at: alert.place,
                site: configuration.name,
                members
            )
            told.append((alert.place, [message]))
        }
        told.sort { $0.place < $1.place }
        return (told.flatMap(\.messages), told.last?.place ?? place)
    }

    /// What the log says of itself; that it takes no events stands in none, and is told by who sees it.
    private func alerts(at now: Instant) -> [LogAlert] {
        var alerts = read { state in state.alerts }
        let refusal = log.refusal
        if let since = couriers.note(refused: refusal != nil, at: now), let refusal {
            alerts.append(LogAlert(at: since, index: .max, code: refusal.code))
        }
        return alerts
    }

    private func messages(
        of event: SiteEvent,
        at place: EventPlace,
        to webhook: some Subscriber,
        as caller: Caller
    ) throws(GloveboxError) -> [WebhookMessage] {
        guard let job = event.data["job"]?.string, let name = event.data["phase"]?.string,
            let phase = JobPhase(rawValue: name), let entry = try entry(job)
        else { return [] }
        var members: [(String, JSONValue)] = [
            ("job", .string(job)), ("project", .string(entry.manifest.project)), ("phase", .string(name)),
        ]
        if let code = try info(job, for: caller).waiting(in: phase) { members.append(("waiting", .string(code))) }
        return Self.topics(of: phase, submitter: entry.job.submitter, to: caller).filter(webhook.topics.contains).map {
            WebhookMessage($0.rawValue, to: webhook, at: place, site: configuration.name, members)
        }
    }

    /// What a job's coming to a phase is, to somebody who may see it.
    static func topics(of phase: JobPhase, submitter: String, to caller: Caller) -> [WebhookTopic] {
        var topics: [WebhookTopic] = [.jobPhase]
        switch phase {
        case .awaitingApproval:
            topics.append(.jobWaiting)
            let mayVote = Role.mayVote(caller.roles, as: .reviewer) || Role.mayVote(caller.roles, as: .owner)
            if mayVote, submitter != caller.account { topics.append(.approvalNeeded) }
        case .awaitingReview, .returned: topics.append(.jobWaiting)
        case .released: topics.append(.releaseReady)
        default: break
        }
        return topics
    }
}

extension JobInfo {
    /// Why it waits, as a code, while it is still in that phase.
    fileprivate func waiting(in phase: JobPhase) -> String? { self.phase == phase ? waiting?.code.rawValue : nil }
}

extension Account {
    /// The account as who asks, with all that its roles allow.
    var caller: Caller { Caller(account: id, name: name, roles: roles) }
}
