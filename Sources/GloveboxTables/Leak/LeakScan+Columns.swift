extension LeakScan {
    private static let shortest = 20
    private static let tolerance = 0.01

    /// Step 5: a column of numbers that is a private column, up to order, place and scale; or that has private values in
    /// at least 95 of 100 rows and half as many rows as there are.
    ///
    /// Floating point does no harm here: nothing is released that it touched.
    mutating func findColumns() {
        guard let table, table.rows.count >= Self.shortest else { return }
        let (rows, half) = (table.rows.count, (request.units.count + 1) / 2)
        guard rows >= half || rows == request.units.count else { return }
        for column in table.header.indices {
            var numbers: [ExactDecimal] = []
            for row in table.rows { if case .number(let number, _) = row[column] { numbers.append(number) } }
            guard numbers.count == rows else { continue }
            if request.columns.contains(where: { isCopy(numbers, of: $0, half) }) {
                verdict.add(LeakVerdict.Hit(.columns, row: 0, column: column + 1))
            }
        }
    }

    private func isCopy(_ numbers: [ExactDecimal], of column: LeakRequest.Column, _ half: Int) -> Bool {
        guard column.kind != .identifiers else { return false }
        let values = column.values.map { ExactDecimal(csvText: $0.utf8) }
        if numbers.count >= half {
            let known = Set(values.compactMap { $0?.text })
            let copied = numbers.count { known.contains($0.text) }
            if copied * 100 >= numbers.count * 95 { return true }
        }
        let theirNumbers = column.rows.compactMap { $0 == LeakRequest.Column.missing ? nil : values[Int($0)] }
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
