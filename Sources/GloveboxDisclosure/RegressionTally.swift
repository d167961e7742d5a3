internal import GloveboxCore
internal import GloveboxPolicy
internal import GloveboxTables

/// Gathers what the normal equations of a regression need while the rows go by: sums of products, without rounding.
struct RegressionTally {
    private let design: RegressionDesign
    private let base: RowFilter
    private let wanted: RowFilter
    private let minUnits: Int64
    // Sums of products of terms i <= j, the outcome last.
    private var products: [BigInteger]
    // How many rows have each number, for columns with few; nil once a column has enough others for any one to hide.
    private var values: [[Int64: Int]?]
    private var droppedRows: [Int]
    private(set) var rows = 0
    // Nil where it does not matter who is who.
    private var gathering: UnitGathering?

    /// Who was fitted to.
    struct Units {
        /// How many units the dataset has.
        let count: Int
        /// Whether a unit has more than one row among those.
        let hasSeveralRows: Bool
        /// What is remembered.
        let entries: UnitEntries?
    }

    init(
        _ design: RegressionDesign,
        conditions: [Predicate],
        description: DatasetDescription,
        inputPolicy: InputPolicy,
        minUnits: Int64,
        key: LineageKey?,
        scratch: any Scratch
    ) throws(GloveboxError) {
        self.design = design
        gathering = key.map { UnitGathering(description, key: $0, scratch: scratch, combining: .same) }
        self.minUnits = minUnits
        base = try RowFilter(inputPolicy.rowFilter, description: description)
        wanted = try RowFilter(conditions, description: description)
        let size = design.terms.count + 1
        products = [BigInteger](repeating: .zero, count: size * size)
        values = [[Int64: Int]?](repeating: [:], count: size)
        droppedRows = [Int](repeating: 0, count: design.dropped.count)
    }

    /// Adds some rows; a row that lacks a value of any column is left out.
    ///
    /// - Throws: `storage.write`.
    mutating func add(_ block: RowBlock) throws(GloveboxError) {
        let allowed = base.mask(block.rows, of: block.columns)
        var used = wanted.mask(block.rows, of: block.columns)
        let terms = design.terms + [design.outcome]
        var columns = terms.map { $0.values(block) }
        let dropped = design.dropped.map { $0.values(block) }
        for index in used.indices {
            used[index] =
                used[index] && allowed[index]
                && columns.allSatisfy { $0[index] != DatasetTable.Column.missingNumber }
                && dropped.allSatisfy { $0[index] != DatasetTable.Column.missingNumber }
        }
        let kept = used.indices.filter { used[$0] }
        rows += kept.count
        if let tags = gathering?.tags(block) {
            for (index, tag) in tags.enumerated() {
                try gathering?.add(tag, isAllowed: allowed[index], cell: used[index] ? 0 : nil)
            }
        }
        for (position, column) in dropped.enumerated() {
            for index in kept { droppedRows[position] += Int(column[index]) }
        }
        columns = columns.map { column in kept.map { column[$0] } }
        for i in terms.indices {
            if case .number = terms[i].kind { note(columns[i], of: i) }
            for j in i..<terms.count { add(columns[i], columns[j], terms[i].magnitude, terms[j].magnitude, at: i, j) }
        }
    }

    private mutating func add(_ a: [Int64], _ b: [Int64], _ bound: UInt64, _ other: UInt64, at i: Int, _ j: Int) {
        let size = design.terms.count + 1
        // Whether as many products as there are rows fit 127 bits.
        let bits = 3 * 64 - bound.leadingZeroBitCount - other.leadingZeroBitCount - UInt64(a.count).leadingZeroBitCount
        var sum: Int128 = 0
        if bits < 127 {
            for index in a.indices { sum &+= Int128(a[index]) &* Int128(b[index]) }
            products[i * size + j] += BigInteger(sum)
            return
        }
        for index in a.indices { products[i * size + j] += BigInteger(Int128(a[index]) * Int128(b[index])) }
    }

    // A column in which all but few units have one value tells the others apart.
    private mutating func note(_ column: [Int64], of position: Int) {
        guard var seen = values[position] else { return }
        values[position] = nil
        for value in column {
            seen[value, default: 0] += 1
            guard seen.count <= minUnits else { return }
        }
        values[position] = seen
    }

    /// The units, when every row was added; nil where it does not matter who is who.
    ///
    /// - Throws: `storage.*`.
    mutating func gathered(remembers: Bool) throws(GloveboxError) -> Units? {
        guard let gathering else { return nil }
        self.gathering = nil
        var hasSeveralRows = false
        let (count, entries) = try gathering.finish(remembers: remembers, hasValues: false, places: 1) { parts in
            if parts[0].rows > 1 { hasSeveralRows = true }
        }
        return Units(count: count, hasSeveralRows: hasSeveralRows, entries: entries)
    }

    /// The columns in which fewer than the wanted number of units differ from the rest, dropped codes too.
    var thin: [String] {
        let size = design.terms.count + 1
        var names: [String] = []
        func look(_ name: String, _ few: Int) { if Int64(few) < minUnits { names.append(name) } }
        for (index, term) in (design.terms + [design.outcome]).enumerated() {
            switch term.kind {
            case .intercept: break
            case .number: if let most = values[index]?.values.max() { look(term.name, rows - most) }
            case .indicator:
                let ones = Int(products[index * size + index].int128 ?? 0)
                look(term.name, min(ones, rows - ones))
            }
        }
        for (term, ones) in zip(design.dropped, droppedRows) { look(term.name, min(ones, rows - ones)) }
        return names
    }

    /// Solves the normal equations by exact elimination.
    var fit: Regression {
        let size = design.terms.count + 1
        let matrix = (0..<size - 1).map { i in
            (0..<size).map { j in products[i <= j ? i * size + j : j * size + i] }
        }
        let eliminated = ExactElimination(matrix, columns: size - 1)
        var coefficients: [Ratio]?
        if eliminated.rank == size - 1 {
            coefficients = design.terms.indices.map { index in
                let shift = design.terms[index].decimals - design.outcome.decimals
                let scale = BigInteger.power(ofTen: abs(shift))
                let value = Ratio(eliminated.rows[index][size - 1], eliminated.scale)
                return value * (shift < 0 ? Ratio(.one, scale) : Ratio(scale))
            }
        }
        return Regression(
            names: design.terms.map(\.name),
            units: rows,
            degreesOfFreedom: rows - eliminated.rank,
            coefficients: coefficients
        )
    }
}

/// An exact fit.
struct Regression: Sendable {
    /// The names of the parameters.
    let names: [String]
    /// The number of units, of one row each.
    let units: Int
    /// Units less the rank of the design.
    let degreesOfFreedom: Int
    /// One for each name; nil when the columns depend on each other, so that there is no one fit.
    let coefficients: [Ratio]?
}

extension RegressionDesign.Term {
    /// The values of a block's rows; ``DatasetTable/Column/missingNumber`` where there is none.
    fileprivate func values(_ block: RowBlock) -> [Int64] {
        switch kind {
        case .intercept: return [Int64](repeating: 1, count: block.rows.count)
        case .number(let column):
            guard case .numbers(let values) = block.columns[column] else { break }
            return Array(values[block.rows])
        case .indicator(let column, let code):
            guard case .codes(let values) = block.columns[column] else { break }
            return values[block.rows].map {
                $0 == DatasetTable.Column.missingCode ? DatasetTable.Column.missingNumber : $0 == code ? 1 : 0
            }
        }
        return block.rows.map { _ in DatasetTable.Column.missingNumber }
    }
}
