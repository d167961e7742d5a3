import GloveboxCore
import Testing

@Suite struct PlainJSONTests {
    private static let samples = [
        "{}", "[]", "null", "true", "false", "0", "-1", "9007199254740991", "\"\"", "\"a b\"",
        "{\"a\":1,\"b\":[true,false,null,{\"c\":\"d\"}],\"ba\":{},\"c\":-7}", "[[],[[]],{\"\":0}]",
    ]

    private func accepts(_ bytes: [UInt8]) -> Bool {
        var json = PlainJSON([0, 0] + bytes + [0])
        return json.scan(2..<2 + bytes.count)
    }

    @Test(arguments: samples)
    func `reads plain canonical text`(text: String) { #expect(accepts(Array(text.utf8))) }

    @Test(arguments: [
        "", " {}", "{} ", "{ }", "[1,]", "{\"a\":1,}", "{\"b\":1,\"a\":1}", "{\"a\":1,\"a\":1}", "{a:1}", "{\"a\"}",
        "{\"a\":}", "-0", "01", "-", "1.0", "1e1", "9007199254740992", "99999999999999999999", "\"a", "\"\\n\"",
        "\"\t\"",
        "\"\u{7f}\"", "\"\u{e9}\"", "tru", "nul", "truee", "[1 ]", "[,1]", "{\"ab\":1,\"a\":1}", "\u{feff}0",
    ])
    func `leaves everything else to the strict reader`(text: String) { #expect(!accepts(Array(text.utf8))) }

    @Test func `what it accepts the strict reader accepts, on random changes`() throws {
        var random = SystemRandomNumberGenerator()
        var accepted = 0
        for _ in 0..<20_000 {
            var bytes = Array((Self.samples.randomElement() ?? "").utf8)
            for _ in 0..<Int.random(in: 0...3) {
                let place = Int.random(in: 0...bytes.count, using: &random)
                let byte = Array("{}[]\",:0129-ab \\nult".utf8).randomElement() ?? 0
                if Bool.random() { bytes.insert(byte, at: place) } else if place < bytes.count { bytes[place] = byte }
            }
            guard accepts(bytes) else { continue }
            accepted += 1
            #expect(throws: Never.self, "\(String(decoding: bytes, as: UTF8.self))") {
                try JSONReader.readCanonical(bytes)
            }
        }
        #expect(accepted > 1000)
    }

    @Test(arguments: samples)
    func `gives the values that the strict reader gives`(text: String) throws {
        let bytes = Array(text.utf8)
        var json = PlainJSON([0, 0] + bytes + [0])
        let isRead = json.scan(2..<2 + bytes.count)
        #expect(isRead)
        let value = json.value(0)
        #expect(try value == JSONReader.readCanonical(bytes))
    }

    @Test func `stops at the depth where the strict reader stops`() {
        for depth in [64, 65] {
            let text = Array((String(repeating: "[", count: depth) + String(repeating: "]", count: depth)).utf8)
            #expect(accepts(text) == ((try? JSONReader.readCanonical(text)) != nil))
        }
    }

    @Test func `finds members and values`() throws {
        let text = Array("{\"a\":{\"b\":-12,\"c\":[1,2]},\"d\":\"e\"}".utf8)
        var json = PlainJSON(text)
        let isRead = json.scan(0..<text.count)
        #expect(isRead)
        let a = try #require(json.member(Array("a".utf8), of: 0))
        let b = try #require(json.member(Array("b".utf8), of: a))
        let d = try #require(json.member(Array("d".utf8), of: 0))
        #expect(json.integer(b) == -12 && json.text(d) == "e" && json.integer(d) == nil && json.text(b) == nil)
        #expect(json.member(Array("b".utf8), of: 0) == nil && json.member(Array("b".utf8), of: d) == nil)
    }
}
