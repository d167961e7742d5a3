package import GloveboxCore
package import GloveboxPolicy

/// The file a job gets, written while the rows are read: the allowed columns of the allowed rows.
///
/// It is that of a ``Projection`` of the same rows, without the rows in memory. Source: release policy section 15.
package struct RowView: Sendable {
    private let rows: any RowSource
    private let columns: [Int]
    private let filter: RowFilter
    private let showsRows: Bool

    /// Bytes that a portion of rows takes while it is put into an order of its own: its text, and so many for each row.
    package static let portion = 64 << 20
    private static let rowBytes = 16

    /// Selects columns and rows; without `showsRows` none of them.
    ///
    /// - Throws: `input-policy.dataset`, `input-policy.column` or `spec.predicate`.
    package init(
        _ rows: any RowSource,
        inputPolicy: InputPolicy,
        showsRows: Bool = true
    ) throws(GloveboxError) {
        try inputPolicy.check(against: rows.description)
        self.rows = rows
        self.showsRows = showsRows
        columns = rows.description.columns.indices.filter {
            inputPolicy.allows(column: rows.description.columns[$0].name)
        }
        filter = try RowFilter(inputPolicy.rowFilter, description: rows.description)
    }

    /// How large the file is.
    package struct Size: Hashable, Sendable {
        /// Lines under the header.
        package fileprivate(set) var rows: Int
        /// Bytes of all lines.
        package fileprivate(set) var bytes: Int

        /// Says how large one is.
        package init(rows: Int = 0, bytes: Int = 0) { (self.rows, self.bytes) = (rows, bytes) }
    }

    /// Hands over the file with the rows in the dataset's order, the same for every run on one version; its size.
    ///
    /// - Throws: what the source and `take` throw.
    @discardableResult
    package func ordered(_ take: ([UInt8]) throws(GloveboxError) -> Void) throws(GloveboxError) -> Size {
        var piece = header
        var size = Size(bytes: piece.count)
        try lines { (line) throws(GloveboxError) in
            size.rows += 1
            size.bytes += line.count
            piece += line
            guard piece.count >= 65536 else { return }
            try take(piece)
            piece.removeAll(keepingCapacity: true)
        }
        if !piece.isEmpty { try take(piece) }
        return size
    }

    /// Hands over the file with the rows in an order that the seed decides, each order with the same probability.
    ///
    /// Each row is put into one of as many portions as it takes to have one in memory, by a draw of its own; the portions
    /// are shuffled one after the other, and the dataset is read once for each of them.
    ///
    /// - Throws: what the source and `take` throw.
    package func shuffled(
        seed: Digest,
        size: Size,
        portion: Int = portion,
        _ take: ([UInt8]) throws(GloveboxError) -> Void
    ) throws(GloveboxError) {
        try take(header)
        let portions = max(1, (size.bytes + size.rows * Self.rowBytes + portion - 1) / portion)
        var order = SeededStream(seed: seed)
        for number in 0..<portions {
            var draws = SeededStream(seed: Digest(sha256: Array("glovebox/portions/v1\n".utf8) + seed.bytes))
            var text: [UInt8] = []
            var ends: [UInt32] = []
            // A little more than is to be expected: an array that has to grow is there twice.
            text.reserveCapacity(size.bytes / portions + size.bytes / portions / 8)
            ends.reserveCapacity(size.rows / portions + size.rows / portions / 8)
            let isWanted = { portions == 1 || draws.below(UInt64(portions)) == UInt64(number) }
            try lines(isWanted) { line in
                text += line
                ends.append(UInt32(text.count))
            }
            var places = ends.indices.map { UInt32($0) }
            order.shuffle(&places)
            var piece: [UInt8] = []
            for place in places {
                piece += text[(place == 0 ? 0 : Int(ends[Int(place) - 1]))..<Int(ends[Int(place)])]
                guard piece.count >= 65536 else { continue }
                try take(piece)
                piece.removeAll(keepingCapacity: true)
            }
            if !piece.isEmpty { try take(piece) }
        }
    }

    private var header: [UInt8] {
        var line: [UInt8] = []
        CSVText.append(columns.map { rows.description.columns[$0].name }, to: &line)
        return line
    }

    // The lines of allowed rows, those that are wanted; it is asked once for each allowed row.
    private func lines(
        _ isWanted: () -> Bool = { true },
        _ take: ([UInt8]) throws(GloveboxError) -> Void
    ) throws(GloveboxError) {
        guard showsRows else { return }
        let described = rows.description.columns
        var line: [UInt8] = []
        _ = try rows.rows { (block) throws(GloveboxError) in
            let mask = filter.mask(block.rows, of: block.columns)
            for row in block.rows where mask[row - block.rows.lowerBound] && isWanted() {
                line.removeAll(keepingCapacity: true)
                let fields = columns.map { column in
                    described[column].text(row, of: block.columns[column]) ?? described[column].missing ?? ""
                }
                CSVText.append(fields, to: &line)
                try take(line)
            }
        }
    }
}
