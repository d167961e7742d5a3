package import GloveboxCore

/// What one reader may see of a job.
///
/// Of a real run a researcher sees no end, no failure and no time that the job could speak through. Source: decisions
/// 16 and 24, job-backend section 2.
package struct JobView: Sendable, Hashable {
    /// The phase shown.
    package let phase: JobPhase
    /// When it began, as shown.
    package let since: Instant
    /// Why it waits, as shown; nil once it has ended.
    package let waiting: Waiting?
    /// Reason codes, as shown.
    package let reasons: [String]
    /// Whether the exact run records may be shown.
    package let exact: Bool
}

extension Job {
    /// The job as operators and auditors see it.
    package var fullView: JobView {
        let since = transitions.last?.at ?? created
        return JobView(phase: phase, since: since, waiting: waiting, reasons: reasons, exact: true)
    }

    /// The job as its researcher sees it.
    ///
    /// `tick` is the output policy's time step in seconds, 1 or more. `exact` says whether the output policy releases
    /// exact ends, as with no private data.
    package func researcherView(at now: Instant, tick: Int64, exact: Bool = false) -> JobView {
        guard mode == .real, !exact, hasRun else { return fullView }
        let shown =
            researcherTransitions(at: now, tick: tick).last ?? Transition(phase: .accepted, at: created)
        let current = shown.phase == Self.shown(phase)
        let waits = shown.phase.isTerminal ? nil : Waiting(.runActive, since: shown.at)
        let reason = shown.phase == .withheld ? ["not-released"] : shown.phase.isTerminal ? reasons : []
        let parties = current && !phase.isActive && !phase.isTerminal
        return JobView(
            phase: shown.phase,
            since: shown.at,
            waiting: parties ? waiting.map { Waiting($0.code, since: shown.at, on: $0.waitingOn) } : waits,
            reasons: reason,
            exact: false
        )
    }

    /// The phases so far, as the job's researcher sees them, oldest first.
    package func researcherTransitions(at now: Instant, tick: Int64, exact: Bool = false) -> [Transition] {
        guard mode == .real, !exact, hasRun else { return transitions }
        var shown = [Transition(phase: .accepted, at: created)]
        var ran = false
        for transition in transitions {
            ran = ran || transition.phase == .running
            let at = ran && transition.phase != .running ? Self.roundUp(transition.at, tick) : transition.at
            guard at <= now else { break }
            let phase = ran ? Self.shown(transition.phase) : transition.phase
            if phase != shown.last?.phase { shown.append(Transition(phase: phase, at: at)) }
        }
        return shown
    }

    private static func shown(_ phase: JobPhase) -> JobPhase {
        switch phase {
        case .checking, .releasing: .running
        case .failed, .errored: .withheld
        default: phase
        }
    }

    /// The first multiple of the step that is not before the moment.
    package static func roundUp(_ time: Instant, _ tick: Int64) -> Instant {
        let step = max(1, tick) * 1000
        let past = (time.milliseconds % step + step) % step
        return past == 0 ? time : Instant(milliseconds: time.milliseconds + (step - past))
    }
}
