package import GloveboxCore
package import GloveboxPolicy

/// The rows of one dataset version in memory: typed columns, every value checked against the description.
///
/// Category values are indexes into the codebook, numbers are integers scaled by the column's decimals. No floating
/// point stands between the file and a released count.
package struct DatasetTable: Sendable {
    /// The values of one column, one for each row.
    package enum Column: Sendable, Hashable {
        /// Indexes into the codebook.
        case codes([UInt16])
        /// Scaled integers.
        case numbers([Int64])
        /// Indexes into the distinct ids, which stand in order of first appearance.
        case identifiers([UInt32], names: [String])

        /// Stands for a missing code.
        package static let missingCode = UInt16.max
        /// Stands for a missing number.
        package static let missingNumber = Int64.min
    }

    /// The description the values were checked against.
    package let description: DatasetDescription
    /// The number of rows.
    package let rowCount: Int
    /// One for each column of the description, in its order.
    package let columns: [Column]

    init(description: DatasetDescription, rowCount: Int, columns: [Column]) {
        self.description = description
        self.rowCount = rowCount
        self.columns = columns
    }

    /// The columns as bytes, to be stored and read again; see ``RowGroupWriter``.
    package var encoded: [UInt8] {
        var bytes: [UInt8] = []
        encode { bytes += $0 }
        return bytes
    }

    /// SHA-256 of ``encoded``: the digest of the dataset version.
    package var contentDigest: Digest { Digest(sha256Of: encode) }

    private func encode(_ take: ([UInt8]) -> Void) {
        var writer = RowGroupWriter(description)
        for block in blocks { writer.add(block, take) }
        writer.finish(take)
    }

    /// The number of privacy units.
    package var unitCount: Int {
        guard description.privacyUnit.kind == .id, let index = unitColumn,
            case .identifiers(_, let names) = columns[index]
        else { return rowCount }
        return names.count
    }

    /// The privacy unit of each row, counted from 0; nil when the row itself is the unit.
    package var unitLookup: [UInt32]? {
        guard let index = unitColumn, case .identifiers(let values, _) = columns[index] else { return nil }
        return values
    }

    /// The text of a value as it is written to a job's file; nil for a value that is missing.
    package func text(column: Int, row: Int) -> String? {
        description.columns[column].text(row, of: columns[column])
    }

    /// The index of a column by name.
    package func index(of name: String) -> Int? {
        description.columns.firstIndex { $0.name.utf8.elementsEqual(name.utf8) }
    }

    private var unitColumn: Int? {
        description.privacyUnit.kind == .id ? index(of: description.privacyUnit.column) : nil
    }
}
