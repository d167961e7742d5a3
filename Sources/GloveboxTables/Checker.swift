/// The parse that runs in the checker's own jail: untrusted bytes in, a typed table or a refusal out.
package enum Checker {
    /// Parses a table file.
    package static func parse(_ bytes: [UInt8], limits: CheckedTable.Limits) -> CheckerAnswer {
        do throws(CSVFault) {
            return .table(try table(bytes, limits))
        } catch {
            return .refused(error)
        }
    }

    private static func table(_ bytes: [UInt8], _ limits: CheckedTable.Limits) throws(CSVFault) -> CheckedTable {
        guard bytes.count <= limits.bytes else { throw CSVFault(.tooLarge, line: 0) }
        var reader = CSVReader(maxFieldBytes: 64)
        var header: [String] = []
        var rows: [[CheckedTable.Cell]] = []
        func take(_ row: CSVReader.Row) throws(CSVFault) {
            if header.isEmpty {
                header = try columnNames(row)
                return
            }
            guard rows.count < limits.rows else { throw CSVFault(.tooManyRows, line: row.line) }
            guard (rows.count + 1) * header.count <= limits.cells else {
                throw CSVFault(.tooManyCells, line: row.line)
            }
            rows.append(try cells(row))
        }
        reader.load(bytes)
        while try reader.advance() { try take(reader.row) }
        if try reader.finish() { try take(reader.row) }
        guard !header.isEmpty else { throw CSVFault(.empty, line: 0) }
        return CheckedTable(header: header, rows: rows)
    }

    private static func columnNames(_ row: CSVReader.Row) throws(CSVFault) -> [String] {
        var names: [String] = []
        guard row.count <= CheckedTable.maxColumns else { throw CSVFault(.tooManyCells, line: row.line) }
        for index in 0..<row.count {
            guard TableLabel.isValid(row[index]), !names.contains(row.text(index)) else {
                throw CSVFault(.header, line: row.line)
            }
            names.append(row.text(index))
        }
        return names
    }

    private static func cells(_ row: CSVReader.Row) throws(CSVFault) -> [CheckedTable.Cell] {
        var cells: [CheckedTable.Cell] = []
        cells.reserveCapacity(row.count)
        for index in 0..<row.count {
            if let number = ExactDecimal(csvText: row[index]) {
                cells.append(.number(number, text: row.text(index)))
            } else if row[index].elementsEqual(CheckedTable.Cell.suppressionMark.utf8) {
                cells.append(.suppressed)
            } else if TableLabel.isValid(row[index]) {
                cells.append(.label(row.text(index)))
            } else {
                throw CSVFault(.cell, line: row.line)
            }
        }
        return cells
    }
}
