/// The unions of cells that are margins of a table, the whole table among them.
struct Margins: Sendable {
    /// The number of codes of each dimension.
    let sizes: [Int]
    private let strides: [Int]

    init(sizes: [Int]) {
        self.sizes = sizes
        var strides = [Int](repeating: 1, count: sizes.count)
        for index in sizes.indices.reversed().dropFirst() {
            strides[index] = strides[index + 1] * (sizes[index + 1] + 1)
        }
        self.strides = strides
    }

    /// The number of places, margins included.
    var placeCount: Int { sizes.reduce(1) { $0 * ($1 + 1) } }

    /// The cell itself and every margin that holds it.
    func containing(_ cell: Int) -> [Int] {
        var places = [cell]
        let positions = TableFrame.positions(cell, sizes)
        for (index, position) in positions.enumerated() {
            let shift = (sizes[index] - position) * strides[index]
            places += places.map { $0 + shift }
        }
        return places
    }

    /// Adds each cell's number to every margin that holds the cell.
    func summed<Number: AdditiveArithmetic>(_ cellValues: [Number], over cells: [Int]) -> [Number] {
        var sums = cellValues
        for cell in cells where cellValues[cell] != .zero {
            for place in containing(cell).dropFirst() { sums[place] += cellValues[cell] }
        }
        return sums
    }

    /// The margin of a cell over one dimension.
    func margin(of cell: Int, over dimension: Int) -> Int {
        cell + (sizes[dimension] - TableFrame.positions(cell, sizes)[dimension]) * strides[dimension]
    }

    /// Which places are one of the cells or hold one.
    func covering(_ cells: [Int]) -> [Bool] {
        var covered = [Bool](repeating: false, count: placeCount)
        for cell in cells { for place in containing(cell) { covered[place] = true } }
        return covered
    }
}
