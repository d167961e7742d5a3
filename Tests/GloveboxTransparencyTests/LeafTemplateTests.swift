import GloveboxCore
import GloveboxTransparency
import Testing

/// Leaves that are written before their place is known.
@Suite struct LeafTemplateTests {
    private let context = EventContext(
        origin: "log.datasite.example",
        datasite: "site_demo",
        version: "0.1.0",
        bootID: "boot",
        supervisor: .zero,
        config: .zero,
        pseudonymKey: Array(repeating: 7, count: 32)
    )

    private func template(_ event: Event) throws -> LeafTemplate {
        var random = SystemRandomNumberGenerator()
        let now = Instant(milliseconds: 1_750_000_000_123)
        return try event.template(
            at: now,
            monotonic: 1,
            context: context,
            using: &random
        )
    }

    @Test(arguments: [0, 1, 255, 9_007_199_254_740_991] as [UInt64])
    func `fills in the place and stays canonical`(index: UInt64) throws {
        let template = try template(Event(kind: .jobEnded, job: "job_1", fields: [("sequence", "0"), ("q", [1])]))
        for previous in [nil, 0, index] {
            let leaf = try JSONReader.readCanonical(template.leaf(index: index, previousOfJob: previous))
            #expect(leaf["metadata"]?["sequence"]?.integer == Int64(index))
            #expect(leaf["unmapped"]?["glovebox"]?["prevJobEvent"]?.string == previous.map { String($0) })
            #expect(leaf["unmapped"]?["glovebox"]?["sequence"]?.string == "0")
        }
    }

    @Test func `names the report before it`() throws {
        let template = try template(Event(kind: .attestationIssued))
        let leaf = try JSONReader.readCanonical(template.leaf(index: 7, previousOfJob: nil))
        #expect(leaf["unmapped"]?["glovebox"]?["reportLeaf"]?.string == "6")
    }

    @Test(arguments: ["~sequence", "~previousOfJob", "~reportLeaf", "~", "a~b"])
    func `refuses a field that looks like a hole`(text: String) {
        #expect(throws: GloveboxError("log.schema", "")) {
            try template(Event(kind: .jobEnded, job: "job_1", fields: [("a", .string(text))]))
        }
        #expect(throws: GloveboxError("log.schema", "")) {
            try template(Event(kind: .jobEnded, fields: [("a", .object(JSONObject([(text, 1)])))]))
        }
    }

    @Test func `writes an idempotency key as a pseudonym`() throws {
        let template = try template(Event(kind: .jobEnded, idempotencyKey: "request of alice"))
        let leaf = try JSONReader.readCanonical(template.leaf(index: 7, previousOfJob: nil))
        let key = try #require(leaf["unmapped"]?["glovebox"]?[Event.idempotencyKeyName]?.string)
        #expect(key == Pseudonym.make("request of alice", root: context.pseudonymKey))
    }
}
