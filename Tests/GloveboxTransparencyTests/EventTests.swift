import GloveboxCore
import GloveboxTransparency
import Testing

@Suite struct EventTests {
    private let context = EventContext(
        origin: "log.datasite.example",
        datasite: "site_demo",
        version: "0.1.0",
        bootID: "00000000-0000-0000-0000-000000000001",
        supervisor: .zero,
        config: .zero,
        pseudonymKey: Array(repeating: 7, count: 32)
    )
    private let place = EventPlace(
        index: 12,
        previousOfJob: 9,
        time: Instant(milliseconds: 1_750_000_000_123),
        monotonic: 42
    )

    private func leaf(_ event: Event) throws -> (value: JSONValue, body: EventBody) {
        var random = SystemRandomNumberGenerator()
        let (leaf, body) = try event.leaf(at: place, context: context, using: &random)
        return (try JSONReader.readCanonical(leaf), try EventBody(parsing: body))
    }

    @Test(arguments: EventKind.allCases)
    func `writes every kind as OCSF 1.8.0 asks`(kind: EventKind) throws {
        let (value, _) = try leaf(Event(kind: kind, job: "job_1", actor: "alice@example.org"))
        let classUID = try #require(value["class_uid"]?.integer)
        let activity = try #require(value["activity_id"]?.integer)
        let known = try #require(OCSFClass.known[classUID])
        let names = Set(try #require(value.object).names)
        #expect(known.activities.contains(activity))
        #expect(names.isSuperset(of: known.required.union(OCSFClass.base)))
        #expect(known.oneOf.isEmpty || !names.isDisjoint(with: known.oneOf))
        #expect(value["category_uid"]?.integer == classUID / 1000)
        #expect(value["type_uid"]?.integer == classUID * 100 + activity)
        #expect((value["activity_name"] != nil) == (activity == 99))
        #expect(value["metadata"]?["sequence"]?.integer == 12)
        #expect(value["metadata"]?["correlation_uid"]?.string == "job_1")
        let glovebox = try #require(value["unmapped"]?["glovebox"])
        #expect(glovebox["event"]?.string == kind.rawValue)
        #expect(glovebox["prevJobEvent"]?.string == "9")
    }

    @Test func `commits to the private body and keeps names out of the leaf`() throws {
        let event = Event(
            kind: .approvalGiven,
            job: "job_1",
            actor: "alice@example.org",
            source: "192.0.2.7",
            fields: [("purpose", "research")],
            body: [("comment", "Looks good, Bob"), ("email", "alice@example.org")]
        )
        var random = SystemRandomNumberGenerator()
        let (leaf, body) = try event.leaf(at: place, context: context, using: &random)
        let text = String(decoding: leaf, as: UTF8.self)
        for secret in ["alice", "Looks", "Bob", "192.0.2.7"] { #expect(!text.contains(secret)) }
        let opened = try EventBody(parsing: body)
        #expect(opened.fields.map(\.name) == ["comment", "email"])
        let value = try JSONReader.readCanonical(leaf)
        #expect(value["unmapped"]?["glovebox"]?["bodyCommit"]?.string == opened.commitment.hex)
        #expect(opened.bytes == body)
        #expect(value["actor"] == nil)
        #expect(value["unmapped"]?["glovebox"]?["actor"]?.string?.hasPrefix("hmac-sha256:") == true)
    }

    @Test func `shows a policy's digest as the actor of an automatic decision`() throws {
        let (value, _) = try leaf(Event(kind: .outputApproved, job: "job_1", output: "out_1", actor: Digest.zero.named))
        #expect(value["unmapped"]?["glovebox"]?["actor"]?.string == Digest.zero.named)
    }

    @Test func `rounds times up where told, and keeps the exact ones sealed`() throws {
        let (value, body) = try leaf(Event(kind: .jobEnded, job: "job_1", timeStep: 60_000))
        #expect(value["time"]?.integer == 1_750_000_020_000)
        #expect(value["unmapped"]?["glovebox"]?["monoNs"]?.string == "60000000000")
        #expect(body.fields.map(\.name) == ["time", "monoNs"])
        #expect(body.fields.map(\.value) == [1_750_000_000_123, "42"])
    }

    @Test(
        arguments: [
            [("note", "two words")], [("mail", "a@b")], [("job", "job_2")], [("prevJobEvent", "3")], [("event", "x")],
            [("text", "é")], [("nested", ["a": "b c"])], [("a", "1"), ("a", "2")],
        ] as [[(String, JSONValue)]]
    )
    func `refuses public fields that could tell about people or data`(fields: [(String, JSONValue)]) {
        #expect(throws: GloveboxError("log.schema", "")) { try leaf(Event(kind: .jobEnded, fields: fields)) }
    }

    @Test func `computes the commitment of the specification`() {
        let commit = EventBody.commit(salt: Array(0...31), body: Array(#"{"a":1}"#.utf8))
        #expect(commit.hex == "cee02cae2b497b689cf27dd2cc5da312d6421ce98df3aa8d79407fc48bf546ef")
    }

    @Test func `a failure has a reason code and a raised severity`() throws {
        let (value, _) = try leaf(Event(kind: .jobDenied, job: "job_1", statusCode: "approval.refused"))
        #expect(value["status_id"]?.integer == 2)
        #expect(value["status_code"]?.string == "approval.refused")
        #expect(value["severity_id"]?.integer == 2)
    }
}
