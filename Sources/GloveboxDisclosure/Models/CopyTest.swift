internal import GloveboxPolicy
internal import GloveboxTables

/// Whether the numbers of a tensor are those of a private column or row.
///
/// Source: release policy section 11, step 6, and section 5.6, step 5.
struct CopyTest {
    /// Shorter runs of numbers say nothing.
    static let shortest = 20
    private static let nearness = 0.01

    private let columns: [(name: String, values: [Double], sorted: [Double])]
    private let known: Set<UInt64>
    /// Rows as a tensor might hold them, by their length: all numbers or the model's inputs, as they are or brought to [0,1],
    /// and with categories as models read them.
    private let rows: [Int: [[Double]]]
    private let rowCount: Int

    /// Prepares the numbers of some rows; `inputs` are the columns that the model reads.
    init(_ table: DatasetTable, rows: [Int], inputs: [Int]) {
        var columns: [(name: String, values: [Double], sorted: [Double])] = []
        var known: Set<UInt64> = []
        for (index, column) in table.description.columns.enumerated() {
            guard case .number(let number) = column.type, case .numbers(let values) = table.columns[index] else {
                continue
            }
            let scale = (0..<number.decimals).reduce(1.0) { scale, _ in scale * 10 }
            let present = rows.map {
                values[$0] == DatasetTable.Column.missingNumber ? .nan : Double(values[$0]) / scale
            }
            let finite = present.filter { !$0.isNaN }
            for value in finite {
                known.insert(value.bitPattern)
                for near in Self.spellings(value) { known.insert(near.bitPattern) }
            }
            columns.append((column.name, finite, Self.standardised(finite).sorted()))
        }
        (self.columns, self.known, rowCount) = (columns, known, rows.count)
        let numbers = table.description.columns.indices.filter { table.description.columns[$0].codes == nil }
        var byLength: [Int: [[Double]]] = [:]
        for choice in inputs == numbers ? [numbers] : [numbers, inputs] {
            for row in rows {
                let scaled = choice.compactMap { ModelRun.scaled(table, $0, row) }
                let plain = choice.compactMap { Self.plain(table, $0, row) }
                for run in [scaled, plain] where run.count >= 3 {
                    byLength[run.count, default: []].append(Self.standardised(run))
                }
            }
        }
        let all = table.description.columns.indices.filter { table.description.columns[$0].type != .identifier }
        for choice in inputs == all ? [all] : [all, inputs]
        where choice.contains(where: { table.description.columns[$0].codes != nil }) {
            for dropped in [0, 1] {
                let coded = rows.compactMap { ModelRun.inputs(table, choice, $0, dropped: dropped) }
                // What many rows have is nobody's row.
                let counts = coded.reduce(into: [:]) { $0[$1, default: 0] += 1 }
                for (run, count) in counts where run.count >= 3 && count < LeakedNumbers.few {
                    byLength[run.count, default: []].append(Self.standardised(run))
                }
            }
        }
        self.rows = byLength
    }

    private static func plain(_ table: DatasetTable, _ column: Int, _ row: Int) -> Double? {
        guard case .numbers(let values) = table.columns[column], values[row] != DatasetTable.Column.missingNumber,
            case .number(let number) = table.description.columns[column].type
        else { return nil }
        return (0..<number.decimals).reduce(Double(values[row])) { value, _ in value / 10 }
    }

    /// The columns of which a run of numbers is a copy, up to order, place and scale, or most of whose numbers are private.
    func copiedColumns(_ numbers: [Double]) -> [String] {
        guard numbers.count >= Self.shortest else { return [] }
        let sorted = Self.standardised(numbers).sorted()
        var found = columns.filter { column in
            column.sorted.count == sorted.count && Self.isNear(column.sorted, sorted)
        }.map(\.name)
        // Zero and one are everybody's.
        let telling = numbers.filter { $0 != 0 && abs($0) != 1 }
        if 2 * numbers.count >= rowCount, telling.count >= Self.shortest,
            100 * telling.count(where: { known.contains($0.bitPattern) }) >= 95 * telling.count
        {
            found.append("private values")
        }
        return found
    }

    /// Whether a run of numbers is a private row, up to place and scale.
    func isRow(_ numbers: [Double]) -> Bool {
        guard let rows = rows[numbers.count] else { return false }
        let standardised = Self.standardised(numbers)
        return rows.contains { Self.isNear($0, standardised) }
    }

    // As single precision and as its upper sixteen bits, since that is how a tensor would hold it.
    private static func spellings(_ value: Double) -> [Double] {
        let bits = Float(value).bitPattern
        return [Double(Float(value))] + (TensorNumber.rounded(bits).map { [Double(Float(bitPattern: $0))] } ?? [])
    }

    private static func standardised(_ values: [Double]) -> [Double] {
        let mean = values.reduce(0, +) / Double(max(1, values.count))
        let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(max(1, values.count))
        // Numbers that are all alike copy nothing.
        guard variance > 0 else { return values.map { _ in .nan } }
        let deviation = variance.squareRoot()
        return values.map { ($0 - mean) / deviation }
    }

    private static func isNear(_ left: [Double], _ right: [Double]) -> Bool {
        zip(left, right).allSatisfy { abs($0 - $1) <= nearness }
    }
}
