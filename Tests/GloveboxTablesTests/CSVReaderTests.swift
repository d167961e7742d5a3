import GloveboxTables
import Testing

@Suite struct CSVReaderTests {
    /// Reads a whole file in chunks of one length.
    static func read(_ bytes: [UInt8], chunk: Int = Int.max) throws(CSVFault) -> [[String]] {
        var reader = CSVReader()
        var rows: [[String]] = []
        var at = 0
        func take(_ row: CSVReader.Row) { rows.append((0..<row.count).map(row.text)) }
        while at < bytes.count {
            let end = bytes.count - at > chunk ? at + chunk : bytes.count
            reader.load(Array(bytes[at..<end]))
            while try reader.advance() { take(reader.row) }
            at = end
        }
        if try reader.finish() { take(reader.row) }
        return rows
    }

    @Test(arguments: [
        ("a,b\n1,2\n", [["a", "b"], ["1", "2"]]), ("a,b\r\n1,2", [["a", "b"], ["1", "2"]]),
        ("\"a\",\"b,c\"\n\"d\"\"e\",\n", [["a", "b,c"], ["d\"e", ""]]), ("a\n\"\"\n", [["a"], [""]]),
        ("a,\n,b", [["a", ""], ["", "b"]]), ("é,b\n", [["é", "b"]]), ("", []),
    ])
    func `reads what the format allows`(text: String, rows: [[String]]) throws {
        for chunk in [1, 2, 3, 1000] { #expect(try Self.read(Array(text.utf8), chunk: chunk) == rows) }
    }

    @Test(arguments: [
        ("a,b\n1\n", CSVFault.Kind.fieldCount, 2), ("a\n\nb\n", .blankLine, 2), ("\n", .blankLine, 1),
        ("a\rb\n", .carriageReturn, 1), ("a\r", .carriageReturn, 1), ("a\"b\n", .quote, 1), ("\"a\"b\n", .quote, 1),
        ("\"a\n", .control, 1), ("\"a", .quote, 1), ("a\tb\n", .control, 1), ("a\u{0}\n", .control, 1),
        ("\u{feff}a\n", .byteOrderMark, 1), ("x\n" + String(repeating: "y", count: 1025), .fieldTooLong, 2),
    ])
    func `refuses the rest`(text: String, kind: CSVFault.Kind, line: Int) {
        for chunk in [1, 1000] {
            #expect(throws: CSVFault(kind, line: line)) { try Self.read(Array(text.utf8), chunk: chunk) }
        }
    }

    @Test(arguments: [[0xff], [0xc0, 0xaf], [0xed, 0xa0, 0x80], [0xe2, 0x82]] as [[UInt8]])
    func `refuses what is not UTF-8`(bytes: [UInt8]) {
        #expect(throws: CSVFault(.encoding, line: 2)) {
            try Self.read(Array("a,b\nx,".utf8) + bytes + Array("\n".utf8))
        }
    }

    @Test func `any table comes back whatever the chunks`() throws {
        var random = SystemRandomNumberGenerator()
        let alphabet = Array("ab,\" é1.-")
        for _ in 0..<300 {
            let columns = Int.random(in: 1...4, using: &random)
            let rows = (0..<Int.random(in: 1...6, using: &random)).map { _ in
                (0..<columns).map { _ in
                    String(
                        (0..<Int.random(in: 0...5, using: &random)).map { _ in
                            alphabet.randomElement(using: &random) ?? "a"
                        }
                    )
                }
            }
            let end = Bool.random(using: &random) ? "\n" : "\r\n"
            let text = rows.map { row in
                row.map {
                    "\"" + $0.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"") + "\""
                }
                .joined(separator: ",") + end
            }
            let bytes = Array(text.joined().utf8)
            #expect(try Self.read(bytes, chunk: Int.random(in: 1...7, using: &random)) == rows)
        }
    }
}
