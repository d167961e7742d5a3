internal import GloveboxCore
internal import GloveboxPolicy
internal import GloveboxTables

/// Rows in the shape of a dataset, made-up or real, as one integer for each visible column.
///
/// A code is its place in the codebook, a number is scaled, a missing value is the least integer.
struct SyntheticRows {
    static let missing = Int64.min

    /// The visible columns, ids left out, in the order of the description.
    let columns: [DatasetColumn]
    let rows: [[Int64]]

    /// The columns that a made-up table of this dataset has.
    static func columns(_ description: DatasetDescription, _ inputPolicy: InputPolicy) -> [Int] {
        description.columns.indices.filter {
            inputPolicy.allows(column: description.columns[$0].name) && description.columns[$0].type != .identifier
        }
    }

    /// Rows of the dataset.
    init(_ table: DatasetTable, _ inputPolicy: InputPolicy, rows: [Int]) {
        let places = Self.columns(table.description, inputPolicy)
        columns = places.map { table.description.columns[$0] }
        self.rows = rows.map { row in
            places.map { place in
                switch table.columns[place] {
                case .codes(let values):
                    values[row] == DatasetTable.Column.missingCode ? Self.missing : Int64(values[row])
                case .numbers(let values):
                    values[row] == DatasetTable.Column.missingNumber ? Self.missing : values[row]
                case .identifiers: Self.missing
                }
            }
        }
    }

    /// A table that a job left; rows are sorted, since their order could tell something.
    ///
    /// - Throws: `synthetic.header`, `synthetic.value`, naming the column.
    init(_ table: CheckedTable, _ description: DatasetDescription, _ inputPolicy: InputPolicy) throws(GloveboxError) {
        columns = Self.columns(description, inputPolicy).map { description.columns[$0] }
        guard table.header.elementsEqual(columns.map(\.name), by: { $0.utf8.elementsEqual($1.utf8) }) else {
            throw GloveboxError("synthetic.header", "the columns are not those that the job was shown, in their order")
        }
        var rows: [[Int64]] = []
        for row in table.rows {
            var values: [Int64] = []
            for (cell, column) in zip(row, columns) {
                guard let value = Self.value(cell, column) else {
                    throw GloveboxError(
                        "synthetic.value",
                        "a value of \(column.name) is none that the description allows"
                    )
                }
                values.append(value)
            }
            rows.append(values)
        }
        self.rows = rows.sorted { $0.lexicographicallyPrecedes($1) }
    }

    private static func value(_ cell: CheckedTable.Cell, _ column: DatasetColumn) -> Int64? {
        if let missing = column.missing, cell.text.utf8.elementsEqual(missing.utf8) { return Self.missing }
        if let codes = column.codes {
            return codes.firstIndex { $0.utf8.elementsEqual(cell.text.utf8) }.map(Int64.init)
        }
        guard case .number(let number) = column.type, case .number(let exact, _) = cell,
            let value = exact.scaled(decimals: number.decimals), number.bounds.contains(value)
        else { return nil }
        return value
    }

    /// The one file for these rows.
    ///
    /// Source: release policy section 8.1.
    var csv: [UInt8] {
        var out: [UInt8] = []
        CSVText.append(columns.map(\.name), to: &out)
        for row in rows { CSVText.append(zip(row, columns).map(Self.text), to: &out) }
        return out
    }

    private static func text(_ value: Int64, _ column: DatasetColumn) -> String {
        if value == missing { return "NA" }
        if let codes = column.codes { return codes[Int(value)] }
        guard case .number(let number) = column.type else { return "NA" }
        return number.text(value)
    }
}
