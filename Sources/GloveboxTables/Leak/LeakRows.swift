package import GloveboxCore

/// Some private rows, as the row-leak scan reads them.
package struct LeakRows: Hashable, Sendable {
    /// What a column holds of them.
    package struct Column: Hashable, Sendable {
        /// The distinct names or numbers of these rows, as a job would see them; none for codes.
        package let values: [String]
        /// For each row the place of its value, among those or in the codebook; ``missing`` for none.
        package let places: [UInt32]

        /// Stands for a missing value.
        package static let missing = UInt32.max

        /// Gathers values.
        package init(values: [String], places: [UInt32]) { (self.values, self.places) = (values, places) }
    }

    /// Most rows of one group.
    package static let limit = 65536
    /// Most names or numbers of one group.
    private static let mostValues = 1 << 20

    /// What tells the privacy unit of each row from others.
    package let units: [UInt64]
    /// One for each column of the request.
    package let columns: [Column]

    /// Gathers at most ``limit`` rows.
    package init(units: [UInt64], columns: [Column]) { (self.units, self.columns) = (units, columns) }

    /// What stands behind the last group.
    package static let end: [UInt8] = [0, 0, 0, 0]

    /// `rows:u32 (unit:u64)* (values:u32 text* (place:u32)*)*`, one of the last for each column.
    package var encoded: [UInt8] {
        var out = ByteWriter()
        out.u32(units.count)
        out.integers(units)
        for column in columns {
            out.u32(column.values.count)
            for value in column.values { out.text(value) }
            out.integers(column.places)
        }
        return out.bytes
    }

    /// Reads the next group; nil at the end.
    ///
    /// - Throws: `format.bytes`, and what the source throws.
    package init?(_ input: inout PieceReader, of request: LeakRequest) throws(GloveboxError) {
        let count = try input.u32()
        guard count > 0 else {
            guard try input.isAtEnd() else { throw ByteReader.invalid }
            return nil
        }
        guard count <= Self.limit else { throw ByteReader.invalid }
        units = try input.integers(UInt64.self, count)
        var columns: [Column] = []
        for _ in request.columns {
            let valueCount = try input.u32()
            guard valueCount <= Self.mostValues else { throw ByteReader.invalid }
            var values: [String] = []
            for _ in 0..<valueCount { values.append(try input.text()) }
            columns.append(Column(values: values, places: try input.integers(UInt32.self, count)))
        }
        self.columns = columns
    }
}
