internal import GloveboxCore

extension Job {
    /// The changes from frozen outputs to the decision.
    mutating func output(_ change: JobChange, at now: Instant) throws(GloveboxError) -> [JobAction] {
        switch (change, phase) {
        case (.collected, .running):
            guard let exit = lastRun?.exit, exit.isSuccess else { throw illegal(change) }
            enter(.checking, now, .checkActive)
            return [.check]
        case (.checkResumed, .checking):
            guard verdict == nil else { throw illegal(change) }
            resumedChecks += 1
            return [.check]
        case (.checked(let result), .checking):
            guard verdict == nil else { throw illegal(change) }
            verdict = result
            switch result {
            case .release: return [.release]
            case .withhold: return [.withhold]
            case .review: return askForReview(now)
            }
        case (.reviewClosed(let release), .awaitingReview):
            guard review == nil else { throw illegal(change) }
            review = release
            return release ? [.release] : [.withhold]
        case (.returned, .awaitingReview):
            guard review == nil else { throw illegal(change) }
            enter(.returned, now, .reviewReturned, on: [.submitter])
            return []
        case (.resubmitted, .returned): return askForReview(now)
        case (.releaseIntent(let digest), .checking):
            guard verdict == .release else { throw illegal(change) }
            return release(digest, now)
        case (.releaseIntent(let digest), .awaitingReview):
            guard review == true else { throw illegal(change) }
            return release(digest, now)
        case (.released(let digest), .releasing):
            report = digest
            return finish(.released, now)
        case (.withheld(let codes), .checking), (.withheld(let codes), .awaitingReview),
            (.withheld(let codes), .releasing):
            guard verdict != nil, phase != .awaitingReview || review != nil else { throw illegal(change) }
            reasons = codes
            return finish(.withheld, now)
        default: throw illegal(change)
        }
    }

    private mutating func askForReview(_ now: Instant) -> [JobAction] {
        enter(.awaitingReview, now, .reviewQuorum)
        return [.askForReview]
    }

    private mutating func release(_ digest: Digest, _ now: Instant) -> [JobAction] {
        bundle = digest
        enter(.releasing, now, .checkActive)
        return [.publish(bundle: digest)]
    }
}
