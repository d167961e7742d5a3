extension LeakScan {
    static let shortest = 20
    private static let tolerance = 0.01

    /// Keeps the values of columns that could be copied, as long as the table is half as long.
    mutating func keepValues(_ rows: LeakRows) {
        guard let table, values != nil else { return }
        guard rowCount <= 2 * table.rows.count else {
            values = nil
            return
        }
        for (index, column) in request.columns.enumerated() where column.kind != .identifiers {
            let texts = column.kind == .codes ? column.codes : rows.columns[index].values
            values?[index] += rows.columns[index].places.map { $0 == LeakRows.Column.missing ? nil : texts[Int($0)] }
        }
    }

    /// Step 5: a column of numbers that is a private column, up to order, place and scale; or that has private values in
    /// at least 95 of 100 rows and half as many rows as there are.
    ///
    /// Floating point does no harm here: nothing is released that it touched.
    mutating func findColumns() {
        guard let table, let values else { return }
        let (rows, half) = (table.rows.count, (rowCount + 1) / 2)
        for column in table.header.indices {
            var numbers: [ExactDecimal] = []
            for row in table.rows { if case .number(let number, _) = row[column] { numbers.append(number) } }
            guard numbers.count == rows else { continue }
            if request.columns.indices.contains(where: { isCopy(numbers, of: $0, values[$0], half) }) {
                verdict.add(LeakVerdict.Hit(.columns, row: 0, column: column + 1))
            }
        }
    }

    private func isCopy(_ numbers: [ExactDecimal], of column: Int, _ values: [String?], _ half: Int) -> Bool {
        guard request.columns[column].kind != .identifiers else { return false }
        let theirNumbers = values.compactMap { $0.flatMap { ExactDecimal(csvText: $0.utf8) } }
        if numbers.count >= half {
            let codes = request.columns[column].codes.compactMap { ExactDecimal(csvText: $0.utf8) }
            let known = Set((theirNumbers + codes).map(\.text))
            let copied = numbers.count { known.contains($0.text) }
            if copied * 100 >= numbers.count * 95 { return true }
        }
        guard theirNumbers.count == numbers.count, let mine = Self.standardised(numbers),
            let theirs = Self.standardised(theirNumbers)
        else { return false }
        // A change of sign turns the order round.
        return [mine, mine.reversed().map { -$0 }].contains { side in
            zip(side, theirs).allSatisfy { abs($0 - $1) <= Self.tolerance }
        }
    }

    // Rising, with mean 0 and deviation 1; nil for a column of one value.
    private static func standardised(_ numbers: [ExactDecimal]) -> [Double]? {
        let values = numbers.compactMap { Double($0.text) }.sorted()
        guard values.count == numbers.count, let first = values.first, let last = values.last, first < last else {
            return nil
        }
        let mean = values.reduce(0, +) / Double(values.count)
        let deviation = (values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(values.count)).squareRoot()
        return values.map { ($0 - mean) / deviation }
    }
}
