import GloveboxAPI
import GloveboxAttestation
import GloveboxCore
import GloveboxJobs
import GloveboxTransparency
import TestSupport
import Testing

@testable import GloveboxSupervisor

/// Two owners let a table leave that is near to an earlier release.
extension LineageTests {
    /// Hands in an owner's signed word on a refusal as it stands, or on another record of it.
    @discardableResult
    private func override(
        _ job: String,
        by person: TestSite.Person,
        because reason: String,
        evidence: Digest? = nil,
        in test: TestSite
    ) throws -> OverrideInfo {
        let known = try test.site.override(Caller(account: "acc_any", name: "any", roles: [.owner]), job)
        let statement = ReleaseOverride(
            job: job,
            evidence: evidence ?? known.evidence,
            OwnerWord(
                account: person.caller.account,
                keyID: person.signer.publicKey.keyID,
                time: Machine.now(),
                reason: reason
            )
        )
        let envelope = String(decoding: try person.signer.sign(statement.bytes).bytes, as: UTF8.self)
        return try test.site.override(person.caller, job, OverrideRequest(envelope: envelope))
    }

    /// The owner's copy of the record of a decision.
    private func record(of job: String, in test: TestSite) throws -> JSONValue {
        let event = try #require(
            SiteLog.records(test.site.log).last { $0.job == job && $0.kind == .outputChecked }
        )
        return try JSONReader.read(#require(event.json["record"]?.string.flatMap(Base64.decode)))
    }

    @Test(.enabled(if: data != nil && image != nil, "needs GLOVEBOX_FAIR_CSV and the image python"))
    func `two owners let a table leave that is near to an earlier one, and log and record say so`() throws {
        let test = try TestSite(image: Self.image)
        _ = try register("twin", Array(try Self.rows().dropLast(3)), in: test)
        try test.start()
        let first = try run("fair", in: test)
        let refused = try run("twin", in: test)
        #expect(first.job.phase == .released && refused.job.phase == .withheld)
        let (olga, otto) = (
            try TestSite.person("olga", .owner, test.site), try TestSite.person("otto", .owner, test.site)
        )
        let job = refused.job.id
        let known = try test.site.override(olga.caller, job)
        #expect(known.near.map(\.release) == [first.job.id] && known.quorum.have == 0)
        #expect(known.near.allSatisfy { (1...3).contains($0.difference) }, "at most the three who are missing")
        #expect(known.explanation.contains("differencing") && known.reason == nil)
        #expect(known.evidence == Machine.sha256(CanonicalJSON.encode(try record(of: job, in: test))))
        let none = GloveboxError("override.none", "")
        #expect(throws: none, "what was released") { try test.site.override(olga.caller, first.job.id) }
        #expect(throws: GloveboxError("approval.separation", "")) {
            try test.site.override(test.researcher.caller, job)
        }
        #expect(throws: GloveboxError("auth.forbidden", "")) {
            try override(job, by: test.reviewer, because: "staff", in: test)
        }
        #expect(throws: GloveboxError("review.changed", "")) {
            try override(job, by: olga, because: "staff", evidence: .zero, in: test)
        }
        #expect(throws: GloveboxError("schema.value", "")) { try override(job, by: olga, because: " ", in: test) }

        #expect(try override(job, by: olga, because: "staff", in: test).quorum.have == 1)
        #expect(try run("twin", in: test).job.phase == .withheld, "one owner's word changes nothing")
        #expect(throws: GloveboxError("approval.separation", "")) {
            try override(job, by: olga, because: "staff", in: test)
        }
        #expect(throws: GloveboxError("object.conflict", "")) {
            try override(job, by: otto, because: "other", in: test)
        }
        let done = try override(job, by: otto, because: "staff", in: test)
        #expect(done.quorum.have == 2 && done.reason == "staff")
        #expect(throws: GloveboxError("quorum.closed", "")) {
            try override(job, by: otto, because: "staff", in: test)
        }

        #expect(try run("twin", totals: true, in: test).job.phase == .withheld, "another table is another matter")
        let released = try run("twin", in: test)
        #expect(released.job.phase == .released, "\(released.explanation ?? "")")
        let whole = try record(of: released.job.id, in: test)
        let told = try #require(whole["override"]?.array?.first)
        #expect(told["job"]?.string == job && told["reason"] == "staff")
        #expect(told["owners"]?.array?.compactMap { $0["owner"]?.string } == [olga, otto].map(\.caller.account))
        #expect(told["releases"]?.array?.compactMap(\.string) == [first.job.id])
        let check = try #require(whole["checks"]?.array?.first { $0["id"] == "differencing" })
        #expect(check["outcome"] == "overridden" && whole["differencing"]?["hits"]?.integer != 0)
        let shown = try JSONReader.read(#require(test.shownReceipt(released.job.id)["disclosure.json"]))
        #expect(shown["override"] == nil && shown["differencing"] == nil, "researchers are told of no hit")

        let records = try SiteLog.records(test.site.log)
        let granted = records.filter { $0.kind == .outputOverridden }
        #expect(granted.count == 1 && granted.allSatisfy { $0.job == nil })
        var replayed = SiteState()
        for record in records { try replayed.apply(record) }
        #expect(replayed.standingOverride(of: job) != nil && replayed.askedOverrides.isEmpty)
        // A key that no longer counts lets nothing leave.
        replayed.accounts[otto.caller.account]?.keys[0].isRevoked = true
        #expect(replayed.standingOverride(of: job) == nil)
        #expect(replayed.overrides(for: try #require(refused.refusal).spec, in: refused.manifest).isEmpty)
        #expect(try test.findings().isEmpty)
    }
}
