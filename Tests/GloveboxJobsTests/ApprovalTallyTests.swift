import GloveboxCore
import GloveboxJobs
import Testing

@Suite struct ApprovalTallyTests {
    private func tally(need: Int = 2, owners: [Quorum.OwnerRule] = []) -> ApprovalTally {
        ApprovalTally(
            plan: digest(1),
            quorum: Quorum(need: need, owners: owners),
            submitter: "acc_r",
            authors: ["acc_co"]
        )
    }

    private func vote(
        _ account: String,
        _ decision: ApprovalVote.Decision = .approve,
        id: UInt8 = 0,
        key: String? = nil,
        role: Role = .reviewer,
        roles: Set<Role>? = nil,
        plan: UInt8 = 1,
        days: Int64 = 30,
        maxRuns: Int = 1
    ) -> ApprovalVote {
        ApprovalVote(
            digest: id == 0 ? name(account + decision.rawValue + role.rawValue) : digest(id),
            plan: digest(plan),
            decision: decision,
            account: account,
            key: key ?? "key-" + account,
            role: role,
            roles: roles ?? [role],
            notBefore: start,
            notAfter: start.adding(seconds: days * 86400),
            maxRuns: maxRuns
        )
    }

    /// A digest that differs where the first 32 bytes of the text do.
    private func name(_ text: String) -> Digest {
        let bytes = Array(text.utf8.prefix(32))
        return Digest(bytes: bytes + [UInt8](repeating: 0, count: 32 - bytes.count)) ?? .zero
    }

    private func isApproved(_ state: ApprovalTally.State) -> Bool {
        if case .approved = state { true } else { false }
    }

    @Test func `two distinct people make a quorum of two`() throws {
        var tally = tally()
        #expect(tally.state(at: start) == .waiting(.approvalQuorum, [.role(.reviewer, need: 2, have: 0)]))
        try tally.record(vote("acc_a"), at: start)
        #expect(tally.state(at: start) == .waiting(.approvalQuorum, [.role(.reviewer, need: 2, have: 1)]))
        try tally.record(vote("acc_b"), at: start)
        #expect(isApproved(tally.state(at: start)) && tally.have(at: start) == 2)
    }

    @Test func `one person or one key never counts twice`() throws {
        var tally = tally()
        try tally.record(vote("acc_a"), at: start)
        #expect(throws: GloveboxError("object.conflict", "")) { try tally.record(vote("acc_a"), at: start) }
        #expect(throws: GloveboxError("object.conflict", "")) { try tally.record(vote("acc_a", id: 9), at: start) }
        #expect(throws: GloveboxError("object.conflict", "")) {
            try tally.record(vote("acc_b", key: "key-acc_a"), at: start)
        }
        #expect(tally.have(at: start) == 1)
    }

    @Test(arguments: ["acc_r", "acc_co"]) func `who has a hand in the plan has no vote`(account: String) {
        var tally = tally(need: 1)
        #expect(throws: GloveboxError("approval.separation", "")) { try tally.record(vote(account), at: start) }
    }

    @Test func `a role that the account does not hold has no vote, nor has an operator`() {
        var tally = tally(need: 1)
        #expect(throws: GloveboxError("auth.forbidden", "")) {
            try tally.record(vote("acc_a", roles: [.researcher]), at: start)
        }
        #expect(throws: GloveboxError("auth.forbidden", "")) {
            try tally.record(vote("acc_a", roles: [.reviewer, .operator]), at: start)
        }
        #expect(throws: GloveboxError("auth.forbidden", "")) {
            try tally.record(vote("acc_a", role: .owner), at: start)
        }
        #expect(throws: GloveboxError("auth.forbidden", "")) {
            try tally.record(vote("acc_a", role: .auditor), at: start)
        }
    }

    @Test func `one refusal closes the plan`() throws {
        var tally = tally()
        try tally.record(vote("acc_a"), at: start)
        let refusal = vote("acc_b", .refuse)
        try tally.record(refusal, at: start)
        #expect(tally.state(at: start) == .refused(refusal))
        #expect(throws: GloveboxError("quorum.closed", "")) { try tally.record(vote("acc_c"), at: start) }
    }

    @Test func `an approval ends with its window and its runs`() throws {
        var tally = tally(need: 1)
        try tally.record(vote("acc_a", days: 1, maxRuns: 2), at: start)
        #expect(isApproved(tally.state(at: start, runsUsed: 1)))
        if case .spent = tally.state(at: start, runsUsed: 2) {} else { Issue.record("the third run was allowed") }
        let later = start.adding(seconds: 86400)
        #expect(tally.state(at: later) == .waiting(.approvalExpired, [.role(.reviewer, need: 1, have: 0)]))
        #expect(!isApproved(tally.state(at: start.adding(seconds: -1))))
        #expect(throws: GloveboxError("approval.expired", "")) {
            try tally.record(vote("acc_b", days: 1), at: later)
        }
    }

    @Test func `a reviewer takes back their own word and may give it again`() throws {
        var tally = tally(need: 1)
        try tally.record(vote("acc_a"), at: start)
        #expect(throws: GloveboxError("object.not-found", "")) { try tally.record(vote("acc_b", .revoke), at: start) }
        try tally.record(vote("acc_a", .revoke), at: start)
        #expect(tally.state(at: start) == .waiting(.approvalRevoked, [.role(.reviewer, need: 1, have: 0)]))
        try tally.record(vote("acc_a", id: 77), at: start)
        #expect(isApproved(tally.state(at: start)))
    }

    @Test func `the dataset's owner has to agree, and takes back everything`() throws {
        let rule = Quorum.OwnerRule(dataset: "fair", owner: "acc_o")
        var tally = tally(need: 1, owners: [rule])
        try tally.record(vote("acc_a"), at: start)
        #expect(tally.state(at: start) == .waiting(.approvalQuorum, [.datasetOwner("fair", need: 1, have: 0)]))
        #expect(throws: GloveboxError("auth.forbidden", "")) {
            try tally.record(vote("acc_p", role: .owner), at: start)
        }
        try tally.record(vote("acc_o", role: .owner), at: start)
        #expect(isApproved(tally.state(at: start)))
        try tally.record(vote("acc_o", .revoke, role: .owner), at: start)
        #expect(tally.have(at: start) == 0)
    }

    @Test func `refuses a vote on another plan and never needs fewer than one person`() {
        var tally = tally(need: 0)
        #expect(tally.quorum.need == 1)
        #expect(throws: GloveboxError("plan.digest-mismatch", "")) {
            try tally.record(vote("acc_a", plan: 2), at: start)
        }
    }
}
