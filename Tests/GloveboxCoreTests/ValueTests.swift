import GloveboxCore
import Testing

@Suite struct ValueTests {
    @Test(arguments: ["Zh==", "Zg=", "Zg", "Zg==\n", "Z===", "Zg==Zg==", "Zm9v=", "Zm 9v"])
    func `refuses base64 with a second spelling`(text: String) { #expect(Base64.decode(text) == nil) }

    @Test func `round-trips base64 of every length`() {
        for count in 0..<70 {
            let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 * 37 + 11) }
            #expect(Base64.decode(Base64.encode(bytes)) == bytes)
            #expect(Base64.decodeURL(Base64.encodeURL(bytes)) == bytes)
        }
        #expect(Base64.encode(Array("foob".utf8)) == "Zm9vYg==")
        // Whatever is read is what would be written.
        for _ in 0..<20_000 {
            let letters = (0..<Int.random(in: 0...9)).map { _ in Array("AQgw/-=+z\n".utf8)[Int.random(in: 0..<10)] }
            let text = String(decoding: letters, as: UTF8.self)
            if let bytes = Base64.decode(text) { #expect(Base64.encode(bytes) == text) }
            if let bytes = Base64.decodeURL(text) { #expect(Base64.encodeURL(bytes) == text) }
        }
    }

    @Test(arguments: [
        ("1970-01-01T00:00:00Z", 0), ("2000-02-29T12:34:56Z", 951_827_696), ("2026-11-24T16:10:00Z", 1_795_536_600),
        ("1969-12-31T23:59:59Z", -1),
    ])
    func `reads and writes instants`(text: String, seconds: Int64) throws {
        let instant = try #require(Instant(text))
        #expect(instant.seconds == seconds)
        #expect(instant.text == text)
    }

    @Test(arguments: [
        "2026-02-29T00:00:00Z", "2026-13-01T00:00:00Z", "2026-01-01T24:00:00Z", "2026-01-01 00:00:00Z",
        "2026-01-01T00:00:00", "2026-01-00T00:00:00Z", "2026-01-01T00:00:00.12Z",
    ])
    func `refuses instants that do not exist`(text: String) { #expect(Instant(text) == nil) }

    @Test func `identifiers sort by time and keep their form`() {
        let random = [UInt8](repeating: 7, count: 10)
        let early = Identifier.make("job", at: Instant(seconds: 1), random: random)
        let late = Identifier.make("job", at: Instant(seconds: 2), random: random)
        #expect(early < late)
        #expect(Identifier.isValid(early, prefix: "job") && !Identifier.isValid(early, prefix: "acc"))
        #expect(
            Identifier.isName("fair") && !Identifier.isName("-x") && !Identifier.isName("A") && !Identifier.isName("")
        )
    }

    @Test func `escapes what a terminal would obey`() {
        #expect(Display.escape("a\u{1b}[2Jb\u{202e}c\n") == "a\\u{1b}[2Jb\\u{202e}c\\u{a}")
    }
}
