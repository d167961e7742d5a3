package import GloveboxCore

/// Counts the votes on one plan: distinct accounts, distinct keys, nobody with a hand in the plan.
///
/// Source: job-backend section 1.3.
package struct ApprovalTally: Sendable, Hashable {
    /// What the votes say at a moment.
    package enum State: Sendable, Hashable {
        /// Not enough yet; whom it waits for, and why.
        case waiting(Waiting.Code, [Waiting.Party])
        /// Enough; the approvals that count and until when all of them do.
        case approved([ApprovalVote], until: Instant)
        /// Enough, but every run they allow has been used.
        case spent([ApprovalVote])
        /// Someone who had a say refused.
        case refused(ApprovalVote)
    }

    /// The plan.
    package let plan: Digest
    /// Who has to say yes.
    package let quorum: Quorum
    /// The account that submitted the plan.
    package let submitter: String
    /// Uploaders of any file in it, and listed co-authors.
    package let authors: Set<String>
    /// Accepted votes, oldest first.
    package private(set) var votes: [ApprovalVote] = []
    private var withdrawn: Set<Digest> = []

    /// An empty tally.
    package init(plan: Digest, quorum: Quorum, submitter: String, authors: Set<String> = []) {
        self.plan = plan
        self.quorum = quorum
        self.submitter = submitter
        self.authors = authors
    }

    /// Checks a vote against the rules and, when it stands, counts it.
    ///
    /// - Throws: `plan.digest-mismatch`, `approval.separation`, `auth.forbidden`, `approval.expired`,
    ///   `quorum.closed`, `object.conflict` (same person or same key again), `object.not-found` (nothing to revoke).
    package mutating func record(_ vote: ApprovalVote, at now: Instant) throws(GloveboxError) {
        try check(vote, at: now)
        if vote.decision == .revoke { try withdraw(vote) }
        votes.append(vote)
    }

    /// What the votes say at that moment.
    ///
    /// `runsUsed` counts the runs of this plan that have been charged to its approvals.
    package func state(at now: Instant, runsUsed: Int = 0) -> State {
        if let refusal { return .refused(refusal) }
        let counting = votes.filter { counts($0) && $0.holds(at: now) }
        let reviewers = counting.filter { quorum.roles.contains($0.role) }
        let missingOwners = quorum.owners.filter { rule in
            !counting.contains { $0.role == .owner && $0.account == rule.owner }
        }
        guard reviewers.count >= quorum.need, missingOwners.isEmpty else {
            return .waiting(reason(at: now), parties(have: reviewers.count, missing: missingOwners))
        }
        guard runsUsed < counting.map(\.maxRuns).min() ?? 0 else { return .spent(counting) }
        return .approved(counting, until: counting.map(\.notAfter).min() ?? now)
    }

    /// How many of the needed people have said yes and still mean it.
    package func have(at now: Instant) -> Int {
        votes.count { counts($0) && $0.holds(at: now) && quorum.roles.contains($0.role) }
    }

    /// Whether an approval was withdrawn and the others are too few without it.
    ///
    /// One that is merely over does not count as withdrawn: only the start of a run must fall into an approval's time.
    package var isRevoked: Bool {
        guard !withdrawn.isEmpty, refusal == nil else { return false }
        let counting = votes.filter(counts)
        return counting.count { quorum.roles.contains($0.role) } < quorum.need
            || quorum.owners.contains { rule in
                !counting.contains { $0.role == .owner && $0.account == rule.owner }
            }
    }

    private var refusal: ApprovalVote? { votes.first { $0.decision == .refuse && !withdrawn.contains($0.digest) } }

    private func counts(_ vote: ApprovalVote) -> Bool {
        vote.decision == .approve && !withdrawn.contains(vote.digest)
    }

    private func reason(at now: Instant) -> Waiting.Code {
        if votes.contains(where: { counts($0) && $0.notAfter <= now }) { return .approvalExpired }
        return withdrawn.isEmpty ? .approvalQuorum : .approvalRevoked
    }

    private func parties(have: Int, missing: [Quorum.OwnerRule]) -> [Waiting.Party] {
        var out: [Waiting.Party] = []
        if have < quorum.need {
            let role = quorum.roles.contains(.reviewer) ? Role.reviewer : .owner
            out.append(.role(role, need: quorum.need, have: have))
        }
        return out + missing.map { .datasetOwner($0.dataset, need: 1, have: 0) }
    }

    private func check(_ vote: ApprovalVote, at now: Instant) throws(GloveboxError) {
        guard vote.plan == plan else {
            throw GloveboxError("plan.digest-mismatch", "the vote is on \(vote.plan), the plan is \(plan)")
        }
        guard vote.account != submitter, !authors.contains(vote.account) else {
            throw GloveboxError(
                "approval.separation",
                "who submitted or uploaded a part of a plan has no vote on it",
                hint: "Ask another reviewer."
            )
        }
        guard mayVote(vote) else {
            throw GloveboxError("auth.forbidden", "this account has no vote as \(vote.role.rawValue) on this plan")
        }
        guard vote.notBefore < vote.notAfter, vote.maxRuns >= 1, now < vote.notAfter else {
            throw GloveboxError("approval.expired", "the vote is over at \(vote.notAfter)")
        }
        guard vote.decision == .revoke || refusal == nil else {
            throw GloveboxError("quorum.closed", "the plan has been refused", hint: "Submit a new plan.")
        }
        guard !votes.contains(where: { $0.digest == vote.digest }) else {
            throw GloveboxError("object.conflict", "this very vote has been counted")
        }
        guard
            vote.decision == .revoke
                || !standing.contains(where: { $0.account == vote.account && $0.role == vote.role })
        else { throw GloveboxError("object.conflict", "this account has voted on this plan") }
        guard !standing.contains(where: { $0.key == vote.key && $0.account != vote.account }) else {
            throw GloveboxError("object.conflict", "this key has voted on this plan for another account")
        }
    }

    private var standing: [ApprovalVote] {
        votes.filter { $0.decision != .revoke && !withdrawn.contains($0.digest) }
    }

    private func mayVote(_ vote: ApprovalVote) -> Bool {
        guard Role.mayVote(vote.roles, as: vote.role) else { return false }
        if quorum.roles.contains(vote.role) { return true }
        return vote.role == .owner && quorum.owners.contains { $0.owner == vote.account }
    }

    private mutating func withdraw(_ vote: ApprovalVote) throws(GloveboxError) {
        // A dataset's owner withdraws the approvals of all; a reviewer withdraws their own.
        let ownerSpeaks = vote.role == .owner && quorum.owners.contains { $0.owner == vote.account }
        let affected = standing.filter { $0.decision == .approve && (ownerSpeaks || $0.account == vote.account) }
        guard !affected.isEmpty else {
            throw GloveboxError("object.not-found", "there is no approval that this account could revoke")
        }
        for other in affected { withdrawn.insert(other.digest) }
    }
}
