package import GloveboxCore

extension Job {
    /// Applies one event: legal changes only, each against the state its writer saw.
    ///
    /// The job stays as it was when this throws.
    ///
    /// - Throws: `object.conflict` when the event was written against another state or is out of order;
    ///   `job.phase` when the change is not legal in this phase.
    package mutating func apply(_ event: JobEvent) throws(GloveboxError) -> [JobAction] {
        guard event.after == eventIndex, event.index > eventIndex else {
            throw GloveboxError(
                "object.conflict",
                "event \(event.index) of \(id) follows event \(event.after), the job is at event \(eventIndex)",
                hint: "Read the job again."
            )
        }
        var next = self
        let actions = try next.change(event.change, at: event.at)
        next.eventIndex = event.index
        if case .starting = event.change { next.runs[next.runs.count - 1].startIndex = event.index }
        self = next
        return actions
    }

    private mutating func change(_ change: JobChange, at now: Instant) throws(GloveboxError) -> [JobAction] {
        switch change {
        case .accepted(let needsApproval):
            guard phase == .accepted else { throw illegal(change) }
            return needsApproval ? awaitApproval(.approvalQuorum, now) : enqueue(now)
        case .approved, .approvalLost, .denied: return try approval(change, at: now)
        case .dequeued, .starting, .staged, .started, .ended, .interrupted: return try run(change, at: now)
        case .collected, .checkResumed, .checked, .reviewClosed, .returned, .resubmitted, .releaseIntent, .released,
            .withheld:
            return try output(change, at: now)
        case .failed:
            guard phase == .running, let exit = lastRun?.exit, !exit.isSuccess else { throw illegal(change) }
            reasons = ["run." + exit.word]
            return finish(.failed, now)
        case .errored(_, let code):
            guard phase.successors.contains(.errored) else { throw illegal(change) }
            reasons = [code]
            return finish(.errored, now)
        case .cancelled:
            guard phase.successors.contains(.cancelled) else { throw illegal(change) }
            if phase == .running { runs[runs.count - 1].close(.cancelled, now) }
            return [.terminate] + finish(.cancelled, now)
        case .expired(let codes):
            guard phase.successors.contains(.expired) else { throw illegal(change) }
            reasons = codes
            return finish(.expired, now)
        case .cleaned:
            guard phase.isTerminal, cleanup == .pending else { throw illegal(change) }
            cleanup = .done
            return []
        case .waiting(let reason):
            guard !phase.isTerminal else { throw illegal(change) }
            waiting = reason.carrying(from: waiting)
            return []
        }
    }

    private mutating func approval(_ change: JobChange, at now: Instant) throws(GloveboxError) -> [JobAction] {
        switch (change, phase) {
        case (.approved(let digests), .awaitingApproval):
            approvals = digests
            return enqueue(now)
        case (.approvalLost(let code), .queued) where code == .approvalExpired || code == .approvalRevoked:
            approvals = []
            return awaitApproval(code, now)
        case (.denied(let codes), .awaitingApproval):
            reasons = codes
            return finish(.denied, now)
        default: throw illegal(change)
        }
    }

    func illegal(_ change: JobChange) -> GloveboxError {
        GloveboxError("job.phase", "\(change.name) is not possible while \(id) is \(phase.words)")
    }

    mutating func enter(_ phase: JobPhase, _ now: Instant, _ reason: Waiting.Code, on: [Waiting.Party] = []) {
        self.phase = phase
        transitions.append(Transition(phase: phase, at: now))
        waiting = Waiting(reason, since: now, on: on)
    }

    mutating func enqueue(_ now: Instant) -> [JobAction] {
        enter(.queued, now, .slots)
        return [.enqueue]
    }

    private mutating func awaitApproval(_ reason: Waiting.Code, _ now: Instant) -> [JobAction] {
        enter(.awaitingApproval, now, reason)
        return [.askForApproval]
    }

    mutating func finish(_ phase: JobPhase, _ now: Instant) -> [JobAction] {
        self.phase = phase
        transitions.append(Transition(phase: phase, at: now))
        waiting = nil
        cleanup = .pending
        // The report of a release is made before it, as part of the bundle.
        guard phase != .released, let outcome else { return [.cleanUp] }
        return [.cleanUp, .report(outcome)]
    }
}
