internal import GloveboxPolicy
internal import GloveboxTables

/// Whether numbers of an output are numbers of one private row.
///
/// In a model file every byte is a number or fixed by the spec, so of the row-leak scan only the steps on numbers have
/// anything to read. Source: release policy section 5.6, steps 2 and 3.
struct LeakedNumbers {
    // The rows that have a number, by its bits in single precision; only numbers that few rows have.
    private var rows: [UInt32: [Int]] = [:]
    private static let few = 10

    init(_ table: DatasetTable, rows shown: [Int]) {
        for (index, column) in table.description.columns.enumerated() {
            guard case .number(let number) = column.type, case .numbers(let values) = table.columns[index] else {
                continue
            }
            let scale = (0..<number.decimals).reduce(1.0) { scale, _ in scale * 10 }
            var byValue: [Int64: [Int]] = [:]
            for row in shown where values[row] != DatasetTable.Column.missingNumber {
                byValue[values[row], default: []].append(row)
            }
            for (value, having) in byValue where having.count < Self.few && Self.isTelling(value) {
                rows[Float(Double(value) / scale).bitPattern, default: []] += having
            }
        }
    }

    /// Whether two numbers of a line are two of one row.
    ///
    /// A single one is not enough: among thousands of weights some number comes up by chance.
    func isPart(_ line: [Double]) -> Bool {
        var seen: [Int: Set<UInt32>] = [:]
        for value in line {
            let bits = Float(value).bitPattern
            for row in rows[bits] ?? [] {
                seen[row, default: []].insert(bits)
                if (seen[row]?.count ?? 0) >= 2 { return true }
            }
        }
        return false
    }

    // At least five significant digits.
    private static func isTelling(_ value: Int64) -> Bool {
        var rest = value.magnitude
        while rest > 0, rest.isMultiple(of: 10) { rest /= 10 }
        return rest >= 10_000
    }
}
