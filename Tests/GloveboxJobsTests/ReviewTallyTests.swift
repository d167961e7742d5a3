import GloveboxCore
import GloveboxJobs
import Testing

@Suite struct ReviewTallyTests {
    private func verdict(
        _ account: String,
        approves: Bool = true,
        key: String? = nil,
        roles: Set<Role> = [.reviewer]
    ) -> ReviewTally.Verdict {
        ReviewTally.Verdict(
            digest: .zero,
            account: account,
            key: key ?? "key of \(account)",
            role: .reviewer,
            roles: roles,
            approves: approves
        )
    }

    @Test(arguments: [(true, true), (true, false), (false, true), (false, false)])
    func `nobody learns what another said before all have spoken, a refusal included`(one: Bool, other: Bool) throws {
        var tally = ReviewTally(need: 2, requester: "alice")
        #expect(tally.releases == nil && tally.shown == nil)
        try tally.record(verdict("rita", approves: one))
        #expect(tally.have == 1 && tally.releases == nil && tally.shown == nil)
        try tally.record(verdict("rolf", approves: other))
        #expect(tally.releases == (one && other) && tally.shown?.count == 2)
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
        refused("object.conflict", verdict("rita", approves: false, key: "another key"))
        refused("object.conflict", verdict("rolf", key: "key of rita"))
        try tally.record(verdict("rolf"))
        refused("quorum.closed", verdict("ruth", approves: false))
        #expect(tally.releases == true)
    }

    @Test func `a review needs somebody`() { #expect(ReviewTally(need: 0, requester: "a").releases == nil) }
}
