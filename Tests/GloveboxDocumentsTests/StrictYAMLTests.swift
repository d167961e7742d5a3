import GloveboxCore
import GloveboxDocuments
import Testing

@Suite struct StrictYAMLTests {
    func read(_ text: String) throws -> JSONValue { try StrictYAML.read(Array(text.utf8)) }

    @Test func `reads texts, integers and truth values`() throws {
        let text = """
            # a comment
            name: fair table   # plain text
            count: 10
            minus: -3
            flag: true
            quoted: "10"
            single: 'yes'
            list: [1, two, "3.5", 15m, 2^-16, units - 10]
            block:
              - {a: b, c: [d]}
              - |
                two
                lines
            """
        let expected: JSONValue = [
            "name": "fair table", "count": 10, "minus": -3, "flag": true, "quoted": "10", "single": "yes",
            "list": [1, "two", "3.5", "15m", "2^-16", "units - 10"], "block": [["a": "b", "c": ["d"]], "two\nlines"],
        ]
        #expect(try read(text) == expected)
    }

    @Test(arguments: [
        "yes", "No", "ON", "off", "y", "N", "~", "null", "NULL", "", "True", "FALSE", "1.5", "1.", ".5", "-.5", "1e3",
        "1E+3",
        "012", "0x1f", "0o17", "0b1", "+1", "-0", "1_000", "1:20", "1:20:30", "2001-12-14", "2001-12-14T10:00:00Z",
        "2001-1-1 10:00:00", ".inf", "-.Inf", ".NaN", "1.0.2", "0..1", "9007199254740992", "12345678901234567", "<<",
        "=",
    ])
    func `refuses plain scalars with two readings`(scalar: String) {
        #expect(throws: GloveboxError("yaml.refused", "")) { try read("a: \(scalar)") }
        #expect(throws: GloveboxError("yaml.refused", "")) { try read("a: {b: [x, \(scalar.isEmpty ? "~" : scalar)]}") }
    }

    @Test(arguments: ["15m", "a1", "10-20", "v1", "nothing", "y2", "2^-16", "sha256", "1 2", "x<<", "12ab"])
    func `keeps plain scalars with one reading`(scalar: String) throws {
        #expect(try read("a: \(scalar)") == ["a": .string(scalar)])
    }

    @Test(arguments: [
        "a: &x 1\nb: *x", "a: &x 1", "&x a: 1", "a: &x [1]", "a: [&x {b: c}]", "a: !!str 1", "!!str a: 1", "a: ! x",
        "a: !local x",
        "a: !!map {b: c}", "!!map {a: b}", "a: !!str \"x\"", "base: &b {x: 1}\na:\n  <<: *b", "a:\n  <<: {b: 1}",
        "a: 1\n---\nb: 2", "%YAML 1.1\n---\na: 1", "a:\n\tb: 1", "a: {\n\tb: 1}", "1: a", "yes: a", "? [a, b]\n: c",
        "{a: b, ~: c}",
    ])
    func `refuses what hides or repeats meaning`(text: String) {
        let error = #expect(throws: GloveboxError.self) { try read(text) }
        #expect(["yaml.refused", "yaml.syntax"].contains(error?.code))
    }

    @Test(arguments: ["a: 1\na: 2", "a: {b: 1, \"b\": 2}", "a: 1\n'a': 2"])
    func `refuses a key that stands twice`(text: String) {
        #expect(throws: GloveboxError("yaml.duplicate-key", "")) { try read(text) }
    }

    @Test(arguments: ["\u{feff}a: 1", "a: 1\r\n", "a: \"x\u{2028}y\"", "a: 1\u{85}b: 2"])
    func `refuses byte-order marks and other line ends`(text: String) {
        #expect(throws: GloveboxError("yaml.encoding", "")) { try read(text) }
    }

    @Test func `refuses broken input of every kind`() {
        #expect(throws: GloveboxError("yaml.encoding", "")) { try StrictYAML.read([0x61, 0x3a, 0x20, 0xff]) }
        #expect(throws: GloveboxError("yaml.syntax", "")) { try read("a: [1") }
        #expect(throws: GloveboxError("yaml.refused", "")) { try read("") }
        #expect(throws: GloveboxError("yaml.refused", "")) { try read("# nothing") }
        #expect(throws: GloveboxError("input.too-large", "")) {
            try StrictYAML.read([UInt8](repeating: UInt8(ascii: "#"), count: StrictYAML.maxBytes + 1))
        }
    }

    @Test func `allows sixteen levels and no more`() throws {
        func nested(_ depth: Int) -> String {
            String(repeating: "[", count: depth) + "x" + String(repeating: "]", count: depth)
        }
        #expect(throws: Never.self) { try read(nested(16)) }
        #expect(throws: GloveboxError("yaml.refused", "")) { try read(nested(17)) }
        #expect(throws: GloveboxError.self) { try read(nested(20_000)) }
    }

    @Test func `names line and key path`() {
        let error = #expect(throws: GloveboxError.self) { try read("a:\n  b:\n    - c: 1\n    - d: yes\n") }
        #expect(error?.message.contains("line 4") == true)
        #expect(error?.message.contains("a.b[1].d") == true)
    }

    @Test func `damaged documents never crash the reader`() {
        let whole = Array("a: {b: [1, \"x\\n\", 'y']}\nc:\n  - d: |\n      e\n  - 15m\n".utf8)
        for index in whole.indices {
            for byte in Array("\n\"'[]{}:,&*!%@`|>#-? \t\0\u{7f}".utf8) + [0x80, 0xff] {
                var bytes = whole
                bytes[index] = byte
                _ = try? StrictYAML.read(bytes)
                bytes.insert(byte, at: index)
                _ = try? StrictYAML.read(bytes)
            }
        }
    }
}
