package import GloveboxCore
package import GloveboxPolicy

/// Conditions on rows, bound to the columns of one table.
///
/// A missing value meets no condition.
package struct RowFilter: Sendable {
    private enum Test: Sendable {
        case codes(column: Int, allowed: [Bool])
        case numbers(column: Int, ClosedRange<Int64>)
        case never
    }

    private let tests: [Test]

    /// Binds predicates that fit the description.
    ///
    /// - Throws: `spec.predicate`.
    package init(_ predicates: [Predicate], description: DatasetDescription) throws(GloveboxError) {
        var tests: [Test] = []
        for predicate in predicates {
            try description.check(predicate)
            tests.append(Self.test(predicate, description))
        }
        self.tests = tests
    }

    /// The rows that meet every condition, in order.
    package func rows(of table: DatasetTable) -> [Int] {
        let mask = mask(0..<table.rowCount, of: table.columns)
        return mask.indices.filter { mask[$0] }
    }

    /// Whether each of the rows meets every condition; read column by column.
    func mask(_ rows: Range<Int>, of columns: [DatasetTable.Column]) -> [Bool] {
        var mask = [Bool](repeating: true, count: rows.count)
        for test in tests {
            switch test {
            case .codes(let column, let allowed):
                guard case .codes(let values) = columns[column] else { return mask.map { _ in false } }
                for row in rows {
                    let code = values[row]
                    if code == DatasetTable.Column.missingCode || !allowed[Int(code)] {
                        mask[row - rows.lowerBound] = false
                    }
                }
            case .numbers(let column, let range):
                guard case .numbers(let values) = columns[column] else { return mask.map { _ in false } }
                // The mark of a missing number is below every bound.
                for row in rows where !range.contains(values[row]) { mask[row - rows.lowerBound] = false }
            case .never: return mask.map { _ in false }
            }
        }
        return mask
    }

    private static func test(_ predicate: Predicate, _ description: DatasetDescription) -> Test {
        guard let index = description.columns.firstIndex(where: { $0.name.utf8.elementsEqual(predicate.column.utf8) })
        else { return .never }
        let column = description.columns[index]
        if let codes = column.codes {
            let allowed = codes.map { code in
                predicate.values.contains { $0.utf8.elementsEqual(code.utf8) } == (predicate.comparison != .notEqual)
            }
            return .codes(column: index, allowed: allowed)
        }
        guard case .number(let number) = column.type, let cut = predicate.values.first.flatMap(number.scaled) else {
            return .never
        }
        let bounds = number.bounds
        switch predicate.comparison {
        case .less: return cut > bounds.lowerBound ? .numbers(column: index, bounds.lowerBound...(cut - 1)) : .never
        case .lessOrEqual: return .numbers(column: index, bounds.lowerBound...cut)
        case .greater: return cut < bounds.upperBound ? .numbers(column: index, (cut + 1)...bounds.upperBound) : .never
        case .greaterOrEqual: return .numbers(column: index, cut...bounds.upperBound)
        case .equal, .notEqual, .oneOf: return .never
        }
    }
}
