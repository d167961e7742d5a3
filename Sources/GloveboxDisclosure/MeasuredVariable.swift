package import GloveboxCore
package import GloveboxPolicy
internal import GloveboxTables

/// The column that a sum, mean or proportion is made of.
package struct MeasuredVariable: Hashable, Sendable {
    /// What is made of it.
    package let statistic: ColumnRules.Measure
    /// The column's name.
    package let name: String
    /// The index of the column in the description.
    package let column: Int
    /// Values are integers times 10^-`decimals`; 0 for a proportion.
    package let decimals: Int
    /// The declared bounds, scaled; 0...1 for a proportion.
    package let bounds: ClosedRange<Int64>
    /// The index of the code that a proportion counts.
    private let positive: UInt16?

    /// The name of the column in the released table, such as `mean_age`.
    package var header: String { "\(statistic.rawValue)_\(name)" }

    /// Finds the variable of a spec; nil for a table of counts.
    ///
    /// - Throws: `spec.variable`.
    package init?(_ spec: TableSpec, description: DatasetDescription) throws(GloveboxError) {
        guard let variable = spec.variable else { return nil }
        func refuse(_ why: String) -> GloveboxError {
            GloveboxError("spec.variable", "variable \(Display.escape(variable)): \(why)")
        }
        guard let index = description.columns.firstIndex(where: { $0.name.utf8.elementsEqual(variable.utf8) }) else {
            throw refuse("no such column")
        }
        let described = description.columns[index]
        switch (spec.statistic, described.type) {
        case (.sum, .number(let number)), (.mean, .number(let number)):
            (decimals, bounds, positive) = (number.decimals, number.bounds, nil)
        case (.proportion, .boolean(let codes, let code)):
            (decimals, bounds) = (0, 0...1)
            positive = codes.firstIndex(of: code).map(UInt16.init)
        case (.proportion, _): throw refuse("a proportion needs a boolean column")
        default: throw refuse("a \(spec.statistic.rawValue) needs an integer or decimal column")
        }
        (statistic, name, column) = (spec.statistic, described.name, index)
        guard TableLabel.isValid(header) else {
            throw refuse("the column \(header) would have a name over \(TableLabel.maximum) bytes")
        }
    }

    /// The scaled values of rows, 0 or 1 for a proportion; ``DatasetTable/Column/missingNumber`` where it is missing.
    func values(_ rows: Range<Int>, in column: DatasetTable.Column) -> [Int64] {
        switch column {
        case .numbers(let numbers): Array(numbers[rows])
        case .codes(let codes):
            codes[rows].map {
                $0 == DatasetTable.Column.missingCode ? DatasetTable.Column.missingNumber : $0 == positive ? 1 : 0
            }
        case .identifiers: rows.map { _ in DatasetTable.Column.missingNumber }
        }
    }
}
