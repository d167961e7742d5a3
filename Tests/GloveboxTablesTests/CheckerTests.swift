import GloveboxCore
import GloveboxTables
import Testing

@Suite struct CheckerTests {
    let limits = CheckedTable.Limits(bytes: 1000, rows: 4, cells: 8)

    @Test func `parses a table into labels and numbers`() throws {
        let answer = Checker.parse(Array("sex,n\nmale,12\nfemale,1e1\n3,[c]\n".utf8), limits: limits)
        guard case .table(let table) = answer else {
            Issue.record("refused: \(answer)")
            return
        }
        #expect(table.header == ["sex", "n"])
        #expect(table.rows[1] == [.label("female"), .number(ExactDecimal(10), text: "1e1")])
        #expect(table.rows[2] == [.number(ExactDecimal(3), text: "3"), .suppressed])
    }

    @Test(arguments: [
        ("", CSVFault.Kind.empty), ("a,n\n=1+1,2\n", .cell), ("a,n\n@x,2\n", .cell), ("a,n\nnaïve,2\n", .cell),
        ("a,n\nx,\n", .cell), ("a,n\n\"x,y\",1\n", .cell), ("a,a\n1,2\n", .header), ("-a,n\n1,2\n", .header),
        ("a,n\n1,2\n1,2\n1,2\n1,2\n1,2\n", .tooManyRows), ("a,b,c\n1,2,3\n1,2,3\n1,2,3\n", .tooManyCells),
        ("a,n\n" + String(repeating: "x", count: 65) + ",1\n", .fieldTooLong),
        (String(repeating: "a", count: 1001), .tooLarge),
    ])
    func `refuses what no released table can hold`(text: String, kind: CSVFault.Kind) {
        guard case .refused(let fault) = Checker.parse(Array(text.utf8), limits: limits) else {
            Issue.record("accepted")
            return
        }
        #expect(fault.kind == kind)
        #expect(!fault.message.isEmpty)
    }

    @Test(arguments: ["a,n\nx,12\ny,-1.5e3\nz,[c]\n", "n\n1\n", "a,n\n", "\"\n", ""])
    func `the answer survives the wire`(text: String) throws {
        let answer = Checker.parse(Array(text.utf8), limits: limits)
        #expect(try CheckerWire.decode(CheckerWire.encode(answer), limits: limits) == answer)
    }

    @Test(arguments: [
        "a,n\nx,12\ny,-1.5e3\nz,[c]\n", "\"a b\",\"n\"\r\n\"x\",\"1\"\r\n\"[c]\",+1.50\r\n", "n\n01",
        "a,n\nx,1\n=1,2\n",
        "a,n\nx,1\n[d],2\n", "a,n\nx,1\n\u{e9},2\n",
    ])
    func `a file written while it is read becomes the same bytes as the answer`(text: String) {
        for size in [1, 2, 7, 1000] {
            var checker = Checker(limits: limits)
            var out = CheckerWire.head
            let bytes = Array(text.utf8)
            do throws(CSVFault) {
                for start in stride(from: 0, to: bytes.count, by: size) {
                    let piece = Array(bytes[start..<min(start + size, bytes.count)])
                    try checker.feed(piece) { CheckerWire.encode($0, &out) }
                }
                try checker.finish { CheckerWire.encode($0, &out) }
                #expect(out + CheckerWire.tableEnd == CheckerWire.encode(Checker.parse(bytes, limits: limits)))
            } catch {
                #expect(Checker.parse(bytes, limits: limits) == .refused(error))
                // The rows before the fault may stand in front of it.
                CheckerWire.encode(error, &out)
                #expect((try? CheckerWire.decode(out, limits: limits)) == .refused(error))
            }
        }
    }

    @Test func `the wire is decoded within the limits`() {
        let bytes = CheckerWire.encode(Checker.parse(Array("a,n\nx,1\ny,2\n".utf8), limits: limits))
        #expect(throws: ByteReader.invalid) {
            try CheckerWire.decode(bytes, limits: .init(bytes: 1000, rows: 1, cells: 8))
        }
        #expect(throws: ByteReader.invalid) {
            try CheckerWire.decode(bytes, limits: .init(bytes: 1000, rows: 4, cells: 3))
        }
    }

    @Test func `damaged answers are refused or still valid, never a crash`() throws {
        let whole = CheckerWire.encode(Checker.parse(Array("a,n\nx,12\ny,3\n".utf8), limits: limits))
        for count in 0..<whole.count {
            #expect(throws: ByteReader.invalid) { try CheckerWire.decode(Array(whole[..<count]), limits: limits) }
        }
        #expect(throws: ByteReader.invalid) { try CheckerWire.decode(whole + [0], limits: limits) }
        for index in whole.indices {
            for value in [0, 1, 2, 127, 255] as [UInt8] {
                var bytes = whole
                bytes[index] = value
                guard case .table(let table)? = try? CheckerWire.decode(bytes, limits: limits) else { continue }
                #expect(table.rows.count <= limits.rows)
                #expect(CheckerWire.encode(.table(table)) == bytes)
            }
        }
    }
}
