package import GloveboxCore
package import GloveboxPolicy

/// The file a job gets: the allowed columns of the allowed rows, in an order of its own for each run.
///
/// Source: release policy section 15.
package struct Projection: Sendable {
    private let table: DatasetTable
    private let columns: [Int]
    private let rows: [Int]

    /// Selects columns and rows.
    ///
    /// The permutation seed is random for each run; the order of rows tells nothing then. A job whose answer the
    /// supervisor computes is shown no rows: how it ends must not depend on them. A job with a holdout is shown only the
    /// rows of the others.
    ///
    /// - Throws: `input-policy.dataset`, `input-policy.column` or `spec.predicate`.
    package init(
        _ table: DatasetTable,
        inputPolicy: InputPolicy,
        permutationSeed: Digest,
        showsRows: Bool = true,
        only shown: [Int]? = nil
    ) throws(GloveboxError) {
        try inputPolicy.check(against: table.description)
        self.table = table
        columns = table.description.columns.indices.filter {
            inputPolicy.allows(column: table.description.columns[$0].name)
        }
        guard showsRows else {
            rows = []
            return
        }
        let filter = try RowFilter(inputPolicy.rowFilter, description: table.description)
        var rows = shown ?? filter.rows(of: table)
        var stream = SeededStream(seed: permutationSeed)
        stream.shuffle(&rows)
        self.rows = rows
    }

    /// The number of rows.
    package var rowCount: Int { rows.count }

    /// The same file with the rows in the dataset's order: the same for every run on one version.
    package var ordered: Projection { Projection(table: table, columns: columns, rows: rows.sorted()) }

    private init(table: DatasetTable, columns: [Int], rows: [Int]) {
        (self.table, self.columns, self.rows) = (table, columns, rows)
    }

    /// The file in pieces of about 64 KiB: the header first, then rows.
    package func pieces() -> some Sequence<[UInt8]> {
        sequence(state: -1) { (row: inout Int) -> [UInt8]? in
            guard row < rows.count else { return nil }
            var piece: [UInt8] = []
            if row < 0 {
                CSVText.append(columns.map { table.description.columns[$0].name }, to: &piece)
                row = 0
            }
            while row < rows.count, piece.count < 65536 {
                CSVText.append(columns.map { table.text(column: $0, row: rows[row]) ?? missing($0) }, to: &piece)
                row += 1
            }
            return piece
        }
    }

    /// The whole file.
    package var csv: [UInt8] { Array(pieces().joined()) }

    private func missing(_ column: Int) -> String { table.description.columns[column].missing ?? "" }
}
