import GloveboxCore
import GloveboxTransparency
import Testing

@Suite struct LeafReaderTests {
    /// The first finding about leaves in a log of these.
    private func reason(_ entries: [[UInt8]]) async throws -> String {
        let verdict = try await SampleLog(entries).verdict()
        #expect(verdict.found(.bundles).isEmpty && verdict.found(.tiles).isEmpty)
        return verdict.reason
    }

    @Test(arguments: EventKind.allCases.filter { $0 != .attestationIssued })
    func `takes every event that is written`(kind: EventKind) async throws {
        #expect(try await reason([SampleLog.event(at: 0, kind: kind)]).isEmpty)
    }

    @Test(arguments: [
        ("\"activity_id\":2", "\"activity_id\":3", "log.schema"),
        ("\"category_uid\":1", "\"category_uid\":2", "log.schema"),
        ("\"class_uid\":1006", "\"class_uid\":1007", "log.schema"),
        ("\"type_uid\":100602", "\"type_uid\":100603", "log.schema"),
        ("\"severity_id\":1", "\"severity_id\":6", "log.schema"),
        ("\"status_id\":1", "\"status_id\":0", "log.schema"),
        ("\"status_code\":\"ok\",", "", "log.schema"),
        ("\"version\":\"1.8.0\"", "\"version\":\"1.7.0\"", "log.schema"),
        ("\"event\":\"job.phase_changed\"", "\"event\":\"job.invented\"", "log.schema"),
        ("\"event\":\"job.phase_changed\"", "\"event\":\"job.started\"", "log.schema"),
        ("\"new\":\"staging\"", "\"new\":\"two words\"", "log.schema"),
        ("\"new\":\"staging\"", "\"new\":\"na\u{ef}ve\"", "log.schema"),
        ("\"new\":\"staging\"", "\"new\":\"a\\nb\"", "log.schema"),
        ("\"v\":\"1\"", "\"v\":\"2\"", "log.schema"),
        ("{\"activity_id\"", "{\"a\":1,\"activity_id\"", "log.schema"),
        ("\"uid\":\"site_test\"", "\"uid\":7", "log.schema"),
        ("\"monoNs\":\"7\"", "\"monoNs\":\"07\"", "log.schema"),
        ("hmac-sha256:", "hmac-sha512:", "log.schema"),
        ("\"sequence\":0", "\"sequence\":1", "log.sequence"),
        ("\"origin\":\"log.datasite.example\"", "\"origin\":\"log.other.example\"", "log.origin"),
        ("{\"activity_id\"", "{ \"activity_id\"", "log.leaf-not-canonical"),
        ("\"activity_id\":2,", "\"activity_id\":2,\"activity_id\":2,", "log.leaf-not-canonical"),
        ("\"activity_id\":2", "\"activity_id\":2.0", "log.leaf-not-canonical"),
        ("\"new\":\"staging\"", "\"new\":\"\\u0061\"", "log.leaf-not-canonical"),
        ("\"class_uid\":1006,", "", "log.leaf-kind"),
        (
            "{\"activity_id\":2,", "{\"activity_id\":2,\"apiVersion\":\"0.0.2\",\"kind\":\"hashedrekord\",",
            "log.leaf-not-canonical"
        ),
    ])
    func `refuses an event of another form`(from: String, to: String, code: String) async throws {
        let leaf = String(decoding: try SampleLog.event(at: 0), as: UTF8.self)
        let changed = leaf.replacing(from, with: to, maxReplacements: 1)
        try #require(changed != leaf)
        #expect(try await reason([Array(changed.utf8)]) == code)
    }

    @Test(arguments: EventKind.allCases.filter { $0 != .attestationIssued })
    func `refuses a public field that is not listed for its kind`(kind: EventKind) async throws {
        #expect(try await reason([SampleLog.event(at: 0, kind: kind, fields: [("note", "x")])]) == "log.schema")
        #expect(throws: GloveboxError("log.schema", "")) {
            try Event(kind: kind, fields: [("note", "x")]).checkFields()
        }
        for name in kind.publicFields { try Event(kind: kind, fields: [(name, "x")]).checkFields() }
    }

    @Test(arguments: ["", "{}", "[]", "null", "{\"class_uid\":1}", "{\"kind\":\"hashedrekord\"}", "\u{feff}{}", "{}\n"])
    func `refuses what is no leaf`(text: String) async throws {
        let code = try await reason([Array(text.utf8)])
        #expect(["log.leaf-kind", "log.leaf-not-canonical", "log.schema"].contains(code))
    }

    @Test func `refuses a leaf that is event and report`() async throws {
        let leaf = "{\"apiVersion\":\"0.0.2\",\"class_uid\":1006,\"kind\":\"hashedrekord\",\"spec\":{}}"
        #expect(try await reason([Array(leaf.utf8)]) == "log.leaf-kind")
    }

    @Test(arguments: [0, 5, 254, 255, 256])
    func `a report stands before its event, and neither alone`(place: Int) async throws {
        let good = try SampleLog.entries(300, reports: [place])
        #expect(try await reason(good).isEmpty)
        var alone = good
        alone[place + 1] = try SampleLog.event(at: UInt64(place) + 1)
        #expect(try await reason(alone) == "log.unpaired-report")
        alone = good
        alone[place] = try SampleLog.event(at: UInt64(place))
        #expect(try await reason(alone) == "log.unpaired-report")
        #expect(try await reason(Array(good[...place])) == "log.unpaired-report")
        var other = good
        let named = Array("\"reportLeaf\":\"\(place)\"".utf8)
        other[place + 1].replace(named, with: Array("\"reportLeaf\":\"299\"".utf8))
        #expect(other[place + 1] != good[place + 1])
        #expect(try await reason(other) == "log.unpaired-report")
    }
}
