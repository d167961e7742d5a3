internal import GloveboxPolicy
internal import GloveboxTables

/// Whether numbers of an output are numbers of one private row.
///
/// In a model file every byte is a number or fixed by the spec, so of the row-leak scan only the steps on numbers have
/// anything to read. Source: release policy section 5.6, steps 2 and 3.
struct LeakedNumbers {
    // The rows that have a number, by its bits in single precision; only numbers that few rows have.
    private var rows: [UInt32: [Int]] = [:]
    /// Side by side in a row, numbers as a model that leaves holds them, in sixteen bits; only runs that few rows have.
    private var runs: Set<[UInt16]> = []
    /// As many rows as are too many for what they share to be one's own.
    static let few = 10
    /// A single number of sixteen bits, and two of them, come up by chance in any row; four in a row's order do not.
    private static let runLength = 4

    init(_ table: DatasetTable, rows shown: [Int]) {
        runs = Self.runs(table, shown)
        for (index, column) in table.description.columns.enumerated() {
            guard case .number(let number) = column.type, case .numbers(let values) = table.columns[index] else {
                continue
            }
            let scale = (0..<number.decimals).reduce(1.0) { scale, _ in scale * 10 }
            var byValue: [Int64: [Int]] = [:]
            for row in shown where values[row] != DatasetTable.Column.missingNumber {
                byValue[values[row], default: []].append(row)
            }
            for (value, having) in byValue where having.count < Self.few && Self.digits(value) >= 5 {
                rows[Float(Double(value) / scale).bitPattern, default: []] += having
            }
        }
    }

    private static func runs(_ table: DatasetTable, _ shown: [Int]) -> Set<[UInt16]> {
        var counts: [[UInt16]: Int] = [:]
        for row in shown {
            // Of the row's numbers, those of three digits or more; sixteen bits keep hardly more.
            var spellings: [[UInt16?]] = [[], []]
            for (index, column) in table.description.columns.enumerated() {
                guard case .number(let number) = column.type, case .numbers(let values) = table.columns[index] else {
                    continue
                }
                let value = values[row]
                let isUsed = value != DatasetTable.Column.missingNumber && digits(value) >= 3
                let plain = (0..<number.decimals).reduce(Double(value)) { value, _ in value / 10 }
                spellings[0].append(isUsed ? short(plain) : nil)
                spellings[1].append(isUsed ? ModelRun.scaled(table, index, row).flatMap(short) : nil)
            }
            for run in Set(spellings.flatMap(windows)) { counts[run, default: 0] += 1 }
        }
        return Set(counts.filter { $0.value < few }.keys)
    }

    private static func windows(_ numbers: [UInt16?]) -> [[UInt16]] {
        guard numbers.count >= runLength else { return [] }
        return (0...numbers.count - runLength).compactMap { start in
            let window = numbers[start..<start + runLength].compactMap { $0 }
            // Equal numbers tell no row.
            return window.count == runLength && Set(window).count == runLength ? window : nil
        }
    }

    // The upper sixteen bits, as the number leaves.
    private static func short(_ value: Double) -> UInt16? {
        TensorNumber.rounded(Float(value).bitPattern).map { UInt16(truncatingIfNeeded: $0 >> 16) }
    }

    /// Whether two numbers of a line are two of one row, or four side by side are, in as few bits as a model's.
    ///
    /// A single one is not enough: among thousands of weights some number comes up by chance.
    func isPart(_ line: [Double]) -> Bool {
        if !runs.isEmpty, Self.windows(line.map(Self.short)).contains(where: runs.contains) { return true }
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

    // Significant digits.
    private static func digits(_ value: Int64) -> Int {
        var rest = value.magnitude
        while rest > 0, rest.isMultiple(of: 10) { rest /= 10 }
        return rest == 0 ? 0 : String(rest).utf8.count
    }
}
