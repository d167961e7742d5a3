import GloveboxCore
import Testing

@Suite struct JSONReaderTests {
    @Test func `a sign that needs a backslash gets one at every place, and no other sign does`() throws {
        for byte in 0..<128 as Range<UInt8> {
            for place in 0..<20 {
                var text = "abcd\u{e9}fghijklm\u{2028}nopqrs"
                text.unicodeScalars.insert(
                    UnicodeScalar(byte),
                    at: text.unicodeScalars.index(text.startIndex, offsetBy: place)
                )
                let written = CanonicalJSON.encode(.string(text))
                #expect(try JSONReader.readCanonical(written) == .string(text), "\(byte) at \(place)")
                let isPlain = byte >= 32 && byte != UInt8(ascii: "\"") && byte != UInt8(ascii: "\\")
                #expect((written.count == text.utf8.count + 2) == isPlain, "\(byte) at \(place)")
            }
        }
    }

    @Test(arguments: [
        (#"{"a":1,"a":2}"#, "json.duplicate-key"), (#"{"a":1,"\u0061":2}"#, "json.duplicate-key"),
        ("1.5", "json.number"), ("1e3", "json.number"), ("-0", "json.number"), ("01", "json.number"),
        ("9007199254740992", "json.number"), ("1 2", "json.trailing"), (#""\ud800""#, "json.encoding"),
        (#""\ud800x""#, "json.encoding"), ("\u{feff}1", "json.syntax"), ("[1,]", "json.syntax"),
        ("\"\u{1}\"", "json.syntax"), (#""\u+123""#, "json.syntax"), ("nul", "json.syntax"), ("", "json.syntax"),
    ])
    func `refuses what has two readings or none`(text: String, code: String) {
        #expect(throws: GloveboxError(code, "")) { try JSONReader.read(Array(text.utf8)) }
    }

    @Test func `refuses deep nesting and invalid UTF-8`() {
        let deep = [UInt8](repeating: UInt8(ascii: "["), count: 1000)
        #expect(throws: GloveboxError("json.depth", "")) { try JSONReader.read(deep) }
        #expect(throws: GloveboxError("json.encoding", "")) { try JSONReader.read([34, 0xff, 34]) }
    }

    @Test func `writes members in UTF-16 order and reads them back`() throws {
        let text = #"{"\u20ac":"Euro","\r":"CR","1":"One","\ud83d\ude00":"Smiley","ö":"o","\ufb33":"Dalet"}"#
        let value = try JSONReader.read(Array(text.utf8))
        let canonical = CanonicalJSON.encode(value)
        #expect(value.object?.names == ["\r", "1", "ö", "€", "😀", "\u{fb33}"])
        #expect(try JSONReader.readCanonical(canonical) == value)
        #expect(throws: GloveboxError("json.not-canonical", "")) { try JSONReader.readCanonical(Array(text.utf8)) }
    }

    @Test func `keeps NFC and NFD names apart`() throws {
        let value = try JSONReader.read(Array("{\"\u{e9}\":1,\"e\u{301}\":2}".utf8))
        #expect(value["\u{e9}"]?.integer == 1)
        #expect(value["e\u{301}"]?.integer == 2)
    }

    @Test func `reads 100,000 values and not one more`() throws {
        func list(_ count: Int) -> [UInt8] {
            Array(("[" + Array(repeating: "0", count: count).joined(separator: ",") + "]").utf8)
        }
        #expect(try JSONReader.read(list(99_999)).array?.count == 99_999)  // the list is a value, too
        #expect(throws: GloveboxError("input.too-large", "")) { try JSONReader.read(list(100_000)) }
    }
}
