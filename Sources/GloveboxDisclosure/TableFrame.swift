package import GloveboxCore
package import GloveboxPolicy

/// The cells of a table before any row is read: the cross product of the code lists, in codebook order.
///
/// A place in the frame is one position for each dimension. The position after the last code stands for the margin of
/// that dimension, so places with margins and places without share one numbering. Source: release policy section 4.
package struct TableFrame: Sendable {
    /// One dimension.
    package struct Dimension: Sendable {
        /// The column name.
        package let name: String
        /// The index of the column in the description.
        package let column: Int
        /// The codes, or the labels of the bands.
        package let labels: [String]
        /// The banding of a number column.
        package let banding: DatasetColumn.Banding?
        /// Whether full cells are looked for.
        package let isSensitive: Bool

        /// Moves each row's place on by this dimension; -1 once a value is missing.
        func append(_ rows: Range<Int>, in columns: [DatasetTable.Column], to places: inout [Int32]) {
            let width = Int32(labels.count + 1)
            switch columns[column] {
            case .codes(let values):
                for (index, row) in rows.enumerated() where places[index] >= 0 {
                    let code = values[row]
                    places[index] = code == DatasetTable.Column.missingCode ? -1 : places[index] * width + Int32(code)
                }
            case .numbers(let values):
                for (index, row) in rows.enumerated() where places[index] >= 0 {
                    let band = banding?.band(of: values[row])
                    places[index] = band.map { places[index] * width + Int32($0) } ?? -1
                }
            case .identifiers: places = places.map { _ in -1 }
            }
        }
    }

    /// The dimensions, the slowest first.
    package let dimensions: [Dimension]
    /// The number of places, margins included.
    package let placeCount: Int
    /// The places without a margin that can hold units, in codebook order.
    package let cells: [Int]

    private let isImpossible: [Bool]

    /// Lays out the table of a spec.
    ///
    /// - Throws: `spec.column` or `spec.too-many-cells`.
    package init(_ spec: TableSpec, description: DatasetDescription) throws(GloveboxError) {
        var dimensions: [Dimension] = []
        var places = 1
        for wanted in spec.groupBy {
            let dimension = try Self.dimension(wanted, description)
            dimensions.append(dimension)
            let (product, overflow) = places.multipliedReportingOverflow(by: dimension.labels.count + 1)
            guard !overflow, product <= 4_000_000 else {
                throw GloveboxError("spec.too-many-cells", "the table would have more than 4000000 cells")
            }
            places = product
        }
        self.dimensions = dimensions
        placeCount = places
        let impossible = Self.impossible(dimensions, places, description)
        isImpossible = impossible
        let sizes = dimensions.map(\.labels.count)
        cells = (0..<places).filter { place in
            !impossible[place] && zip(Self.positions(place, sizes), sizes).allSatisfy { $0 < $1 }
        }
    }

    /// The number of codes of each dimension.
    package var sizes: [Int] { dimensions.map(\.labels.count) }

    /// The place of each of the rows; -1 when one of its values is missing.
    package func places(ofRows rows: Range<Int>, in columns: [DatasetTable.Column]) -> [Int32] {
        var places = [Int32](repeating: 0, count: rows.count)
        for dimension in dimensions { dimension.append(rows, in: columns, to: &places) }
        return places
    }

    /// The labels of a place.
    package func labels(_ place: Int) -> [String] {
        zip(dimensions, Self.positions(place, sizes)).map { dimension, position in
            position < dimension.labels.count ? dimension.labels[position] : DatasetColumn.totalLabel
        }
    }

    /// The rows of the table in the order they are written: codebook order, each margin after its codes.
    package func rows(withTotals: Bool) -> [Int] {
        guard withTotals else { return cells }
        let kept = Margins(sizes: sizes).covering(cells)
        return (0..<placeCount).filter { kept[$0] && !isImpossible[$0] }
    }

    /// The position in each dimension.
    static func positions(_ place: Int, _ sizes: [Int]) -> [Int] {
        var rest = place
        var positions = [Int](repeating: 0, count: sizes.count)
        for index in sizes.indices.reversed() {
            positions[index] = rest % (sizes[index] + 1)
            rest /= sizes[index] + 1
        }
        return positions
    }

    private static func dimension(
        _ wanted: TableSpec.Dimension,
        _ description: DatasetDescription
    ) throws(GloveboxError) -> Dimension {
        func refuse(_ why: String) -> GloveboxError {
            GloveboxError("spec.column", "group_by column \(Display.escape(wanted.column)): \(why)")
        }
        guard let index = description.columns.firstIndex(where: { $0.name.utf8.elementsEqual(wanted.column.utf8) })
        else { throw refuse("no such column") }
        let column = description.columns[index]
        switch column.type {
        case .identifier: throw refuse("an id is never a dimension")
        case .category(let codes), .boolean(let codes, _):
            guard wanted.banding == nil else { throw refuse("a category has no bandings") }
            return Dimension(
                name: column.name,
                column: index,
                labels: codes,
                banding: nil,
                isSensitive: column.isSensitive
            )
        case .number(let number):
            guard let banding = number.bandings.first(where: { $0.name == wanted.banding }) else {
                throw refuse("a number needs one of its declared bandings")
            }
            return Dimension(
                name: column.name,
                column: index,
                labels: banding.labels,
                banding: banding,
                isSensitive: column.isSensitive
            )
        }
    }

    private static func impossible(
        _ dimensions: [Dimension],
        _ places: Int,
        _ description: DatasetDescription
    ) -> [Bool] {
        var impossible = [Bool](repeating: false, count: places)
        let sizes = dimensions.map(\.labels.count)
        for zero in description.structuralZeros {
            // A rule on a column that is no dimension says nothing about whole cells.
            let wanted = zero.codes.map { pair -> (Int, Int)? in
                guard let index = dimensions.firstIndex(where: { $0.name == pair.column }),
                    let position = dimensions[index].labels.firstIndex(of: pair.code)
                else { return nil }
                return (index, position)
            }
            let rules = wanted.compactMap { $0 }
            guard rules.count == wanted.count else { continue }
            for place in 0..<places {
                let positions = positions(place, sizes)
                if rules.allSatisfy({ positions[$0.0] == $0.1 }) { impossible[place] = true }
            }
        }
        return impossible
    }
}
