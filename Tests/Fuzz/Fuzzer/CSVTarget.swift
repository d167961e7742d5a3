import GloveboxTables

/// A table that a job left, as the checker reads it, and the checker's answer, as the supervisor reads that.
enum CSVTarget: FuzzTarget {
    static let name = "csv"

    static let seeds: [[UInt8]] = [
        Array("a,b,n\n1,x y,23\r\n\"2\",\"say \"\"no\"\"\",-1.50e+2\n3,[c],+007.0".utf8),
        CheckerWire.encode(Checker.parse(Array("a,n\n1,2.5\nz,[c]\n".utf8), limits: limits)),
    ]

    private static let limits = CheckedTable.Limits(bytes: 4096, rows: 64, cells: 256)

    static func read(_ bytes: [UInt8]) {
        let answer = Checker.parse(bytes, limits: limits)
        do {
            let again = try CheckerWire.decode(CheckerWire.encode(answer), limits: limits)
            precondition(again == answer, "the answer changes on its way")
        } catch { preconditionFailure("the supervisor refuses the checker's answer: \(error)") }
        do { _ = try CheckerWire.decode(bytes, limits: limits) } catch {}
    }
}
