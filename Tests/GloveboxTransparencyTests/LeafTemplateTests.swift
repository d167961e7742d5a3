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

    @Test func `writes what the strict writer of canonical JSON writes, and refuses what needs escaping`() throws {
        let deep: JSONValue = ["b": [], "a": [["y": .null, "x": .object(JSONObject())], true, false, -7, "t"]]
        let leaf = try template(Event(kind: .jobEnded, job: "job_1", fields: [("z", deep)]))
            .leaf(index: 3, previousOfJob: 1)
        let value = try JSONReader.read(leaf)
        #expect(CanonicalJSON.encode(value) == leaf)
        #expect(value["unmapped"]?["glovebox"]?["z"] == deep)
        for text in ["\"", "\\", "a b", "ä", "\u{0}", "\u{7f}", "é", String(repeating: "a", count: 513)] {
            #expect(throws: GloveboxError("log.schema", "")) {
                try template(Event(kind: .jobEnded, fields: [("a", .string(text))]))
            }
            #expect(throws: GloveboxError("log.schema", "")) {
                try template(Event(kind: .jobEnded, fields: [("a", .object(JSONObject([(text, 1)])))]))
            }
        }
        for byte in 0x21...0x7e as ClosedRange<UInt8> {
            let text = String(UnicodeScalar(byte))
            let isPlain = "._:+/=,-".contains(text) || text.allSatisfy { $0.isLetter || $0.isNumber }
            let isWritten = (try? template(Event(kind: .jobEnded, fields: [("a", .string(text))]))) != nil
            #expect(isWritten == isPlain, "byte \(byte)")
        }
    }

    @Test func `sets a caller's fields between its own in canonical order, and takes no name twice`() throws {
        let names = [
            "zz", "w", "aa", "joba", "job_", "prevJobEvent2", "actor0", "bodyCommit-", "origi", "u", "vv", "0",
        ]
        let event = Event(kind: .jobEnded, job: "job_1", fields: names.map { ($0, .string("of-\($0)")) })
        let leaf = try template(event).leaf(index: 3, previousOfJob: 1)
        let value = try JSONReader.readCanonical(leaf)
        for name in names { #expect(value["unmapped"]?["glovebox"]?[name]?.string == "of-\(name)") }
        for taken in ["actor", "v", "job", "dataset", "reportLeaf", Event.idempotencyKeyName] {
            #expect(throws: GloveboxError("log.schema", "")) {
                try template(Event(kind: .jobEnded, fields: [(taken, "x")]))
            }
        }
        #expect(throws: GloveboxError("log.schema", "")) {
            try template(Event(kind: .jobEnded, fields: [("n", "x"), ("m", "x"), ("n", "y")]))
        }
    }

    @Test(arguments: EventKind.allCases)
    func `writes every kind with all it can have`(kind: EventKind) throws {
        let event = Event(
            kind: kind,
            job: "job_1",
            project: "prj_1",
            dataset: "ds_1",
            output: "out_1",
            actor: "alice",
            user: "bob",
            source: "10.0.0.1",
            entity: "thing",
            statusCode: "a.b",
            fields: [("n", 1)],
            body: [("why", "a \"b\" c")],
            timeStep: 1000,
            idempotencyKey: "k"
        )
        for event in [event, Event(kind: kind)] {
            let template = try template(event)
            let leaf = template.leaf(index: 8, previousOfJob: nil)
            #expect(try CanonicalJSON.encode(JSONReader.readCanonical(leaf)) == leaf)
            let body = try EventBody(parsing: template.body)
            #expect(body.bytes == template.body)
            let commitment = try JSONReader.read(leaf)["unmapped"]?["glovebox"]?["bodyCommit"]?.string
            #expect(commitment == body.commitment.hex)
        }
    }

    @Test func `keeps two spellings of one name apart, however many names came between`() throws {
        let names = ["\u{e9}", "e\u{301}"] + (0..<1100).map { "name \($0)" } + ["\u{e9}", "e\u{301}"]
        for name in names {
            let leaf = try JSONReader.readCanonical(
                template(Event(kind: .authLogin, user: name)).leaf(index: 1, previousOfJob: nil)
            )
            #expect(leaf["user"]?["uid"]?.string == Pseudonym.make(name, root: context.pseudonymKey))
        }
    }
}
