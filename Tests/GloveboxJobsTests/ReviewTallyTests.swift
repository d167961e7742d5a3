import GloveboxCore
import GloveboxJobs
import Testing

@Suite struct ReviewTallyTests {
    private func verdict(
        _ account: String,
        _ decision: ReviewTally.Decision = .approve,
        key: String? = nil,
        roles: Set<Role> = [.reviewer]
    ) -> ReviewTally.Verdict {
        ReviewTally.Verdict(
            digest: .zero,
            account: account,
            key: key ?? "key of \(account)",
            role: .reviewer,
            roles: roles,
            decision: decision
        )
    }

    private static let decisions: [ReviewTally.Decision] = [.approve, .sendBack, .refuse]

    @Test(arguments: decisions, decisions)
    func `nobody learns what another said before all have spoken, a refusal included`(
        one: ReviewTally.Decision,
        other: ReviewTally.Decision
    ) throws {
        var tally = ReviewTally(need: 2, requester: "alice")
        #expect(tally.outcome == nil && tally.shown == nil)
        try tally.record(verdict("rita", one))
        #expect(tally.have == 1 && tally.outcome == nil && tally.shown == nil)
        try tally.record(verdict("rolf", other))
        #expect(tally.shown?.count == 2)
        // The graver word counts.
        let graver = [one, other].max { Self.decisions.firstIndex(of: $0)! < Self.decisions.firstIndex(of: $1)! }
        #expect(tally.outcome == graver)
    }

    @Test func `the requester has no say, and nobody speaks twice or late`() throws {
        var tally = ReviewTally(need: 2, requester: "alice")
        func refused(_ code: String, _ verdict: ReviewTally.Verdict) {
            #expect(throws: GloveboxError(code, "")) { try tally.record(verdict) }
        }
        refused("approval.separation", verdict("alice"))
        refused("auth.forbidden", verdict("otto", roles: [.reviewer, .operator]))
        refused("auth.forbidden", verdict("rex", roles: [.researcher]))
        try tally.record(verdict("rita"))
        refused("object.conflict", verdict("rita", .refuse, key: "another key"))
        refused("object.conflict", verdict("rolf", key: "key of rita"))
        try tally.record(verdict("rolf"))
        refused("quorum.closed", verdict("ruth", .refuse))
        #expect(tally.outcome == .approve)
    }

    @Test func `a review needs somebody`() { #expect(ReviewTally(need: 0, requester: "a").outcome == nil) }
}
