/// One value of a dataset file that the description does not allow; never the value itself.
package struct DatasetProblem: Hashable, Sendable {
    /// How many are collected before the import stops.
    package static let limit = 100

    /// The row, from 1.
    package let row: Int
    /// The line of the file, from 1.
    package let line: Int
    /// The column; nil when the whole row is wrong.
    package let column: String?
    /// What is wrong.
    package let why: String

    /// Where and what, as one text.
    package var text: String {
        let place = "row \(row) (line \(line))"
        return column.map { "\(place), column \($0): \(why)" } ?? "\(place) \(why)"
    }
}
