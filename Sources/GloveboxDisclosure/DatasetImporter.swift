package import GloveboxCore
package import GloveboxPolicy
internal import GloveboxTables

internal import struct Crypto.SHA256

/// Reads a dataset file chunk by chunk and checks every value against the description.
///
/// One wrong value refuses the dataset; up to ``DatasetProblem/limit`` of them are collected first. Errors name row and
/// column, never the value.
/// Source: release policy section 15.
package struct DatasetImporter {
    /// Greatest number of rows.
    package static let maxRows = 100_000_000

    private let description: DatasetDescription
    private var reader: CSVReader
    private var columns: [ColumnBuilder]
    private var fieldOfColumn: [Int]?
    private var linesToSkip: Int
    /// The wrong values so far.
    package private(set) var problems: [DatasetProblem] = []
    private var rowCount = 0
    private var takenRows = 0
    private var hash = SHA256()
    // Positions of the codes that may not meet: column and code.
    private let impossible: [[(column: Int, code: UInt16)]]

    /// Starts on the first byte of a file.
    package init(_ description: DatasetDescription) {
        self.description = description
        reader = CSVReader(firstLine: description.file.skipLines + 1)
        columns = description.columns.map { ColumnBuilder($0, clamps: description.outOfBounds == .clamp) }
        linesToSkip = description.file.skipLines
        impossible = description.structuralZeros.map { zero in
            zero.codes.map { pair in
                let column = description.columns.firstIndex { $0.name == pair.column } ?? 0
                let code = description.columns[column].codes?.firstIndex(of: pair.code)
                // The description was checked to name a code of its own; one that it lacks would meet no row.
                return (column, code.map(UInt16.init) ?? DatasetTable.Column.missingCode)
            }
        }
    }

    /// Takes the next chunk.
    ///
    /// - Throws: `dataset.csv`, `dataset.column`, `dataset.value` or `dataset.too-large`.
    package mutating func feed(_ chunk: [UInt8]) throws(GloveboxError) {
        if description.file.sha256 != nil { hash.update(data: chunk) }
        var start = 0
        while linesToSkip > 0 {
            guard let end = chunk[start...].firstIndex(of: UInt8(ascii: "\n")) else { return }
            start = end + 1
            linesToSkip -= 1
        }
        reader.load(start == 0 ? chunk : Array(chunk[start...]))
        while try next() { try take(reader.row) }
    }

    /// Ends the file.
    ///
    /// - Throws: as ``feed(_:)``, and `dataset.digest` when the description pins another SHA-256.
    package mutating func finish() throws(GloveboxError) -> DatasetTable {
        _ = try end()
        return DatasetTable(description: description, rowCount: rowCount, columns: columns.map(\.column))
    }

    /// Ends a file whose rows are taken out block by block: how many there were.
    ///
    /// - Throws: as ``finish()``.
    package mutating func end() throws(GloveboxError) -> Int {
        if try next(atEnd: true) { try take(reader.row) }
        guard problems.isEmpty else { throw refusal }
        if let expected = description.file.sha256, expected.bytes != Array(hash.finalize()) {
            throw GloveboxError("dataset.digest", "the file is not the one that the description names by SHA-256")
        }
        guard fieldOfColumn != nil || description.file.header == .none, rowCount > 0 else {
            throw GloveboxError("dataset.csv", "the file has no rows")
        }
        return rowCount
    }

    /// Takes the rows since the last time out of the importer, so that it never holds more than were fed at once.
    ///
    /// None once a value was wrong: the file will be refused.
    package mutating func takeRows() -> RowBlock {
        let before = takenRows
        takenRows = rowCount
        let taken = columns.indices.map { columns[$0].take() }
        let rows = problems.isEmpty ? rowCount - before : 0
        // The next chunk has about as many.
        for index in columns.indices { columns[index].reserve(rows) }
        return RowBlock(columns: taken, rows: 0..<rows, before: before)
    }

    private mutating func next(atEnd: Bool = false) throws(GloveboxError) -> Bool {
        do throws(CSVFault) {
            return atEnd ? try reader.finish() : try reader.advance()
        } catch {
            throw GloveboxError("dataset.csv", error.message)
        }
    }

    private mutating func take(_ row: CSVReader.Row) throws(GloveboxError) {
        guard let fieldOfColumn else {
            let fields = try match(row)
            self.fieldOfColumn = fields
            if description.file.header == .none { try take(row) }
            return
        }
        rowCount += 1
        guard rowCount <= Self.maxRows else {
            throw GloveboxError("dataset.too-large", "the dataset has more than \(Self.maxRows) rows")
        }
        let bytes = row.bytes
        for index in columns.indices {
            let field = bytes.span.extracting(row.range(fieldOfColumn[index]))
            if let why = columns[index].append(field) {
                try note(row, column: description.columns[index].name, why)
            }
        }
        for codes in impossible
        where codes.allSatisfy({ columns[$0.column].lastCode == $0.code && $0.code != DatasetTable.Column.missingCode })
        {
            try note(row, column: nil, "is declared impossible")
        }
    }

    private mutating func note(_ row: CSVReader.Row, column: String?, _ why: String) throws(GloveboxError) {
        // A description that is wrong about a column fails on every row: the first few tell as much.
        problems.append(DatasetProblem(row: rowCount, line: row.line, column: column, why: why))
        guard problems.count < DatasetProblem.limit else { throw refusal }
    }

    private var refusal: GloveboxError {
        let shown = problems.prefix(10).map(\.text).joined(separator: "; ")
        let rest = problems.count > 10 ? "; and \(problems.count - 10) more" : ""
        return GloveboxError(
            "dataset.value",
            shown + rest,
            hint: "'glovebox dataset check' lists up to \(DatasetProblem.limit) wrong values."
        )
    }

    // Finds the field of every described column; other fields of the file are dropped.
    private func match(_ row: CSVReader.Row) throws(GloveboxError) -> [Int] {
        guard description.file.header == .present else {
            guard row.count == columns.count else {
                throw GloveboxError("dataset.column", "the file has \(row.count) columns, not \(columns.count)")
            }
            return Array(0..<row.count)
        }
        var fields: [Int] = []
        for column in description.columns {
            let found = (0..<row.count).filter { row[$0].elementsEqual(column.name.utf8) }
            guard found.count == 1 else {
                throw GloveboxError(
                    "dataset.column",
                    "column \(column.name) stands \(found.count) times in the header, not once"
                )
            }
            fields += found
        }
        return fields
    }
}
