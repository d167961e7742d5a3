internal import GloveboxPolicy
internal import GloveboxTables

/// Collects the values of one column at import, straight from the bytes of the file.
struct ColumnBuilder {
    /// The description of the column.
    let described: DatasetColumn
    // What a value of the column is, without the rest of its description: this is asked for every value.
    private enum Form {
        case code
        case number(decimals: Int, bounds: ClosedRange<Int64>)
        case identifier
    }

    private let form: Form
    private let clamps: Bool
    private let missing: [UInt8]?
    private let missingLength: Int
    // The codebook, or the ids so far.
    private var known: ByteTable
    private var codes: [UInt16] = []
    private var numbers: [Int64] = []
    private var identifiers: [UInt32] = []

    init(_ described: DatasetColumn, clamps: Bool) {
        self.described = described
        self.clamps = clamps
        form =
            switch described.type {
            case .category, .boolean: .code
            case .number(let number): .number(decimals: number.decimals, bounds: number.bounds)
            case .identifier: .identifier
            }
        missing = described.missing.map { Array($0.utf8) }
        missingLength = missing?.count ?? -1
        known = ByteTable(described.codes ?? [])
    }

    /// The values so far.
    var column: DatasetTable.Column {
        switch form {
        case .code: .codes(codes)
        case .number: .numbers(numbers)
        case .identifier: .identifiers(identifiers, names: known.strings)
        }
    }

    /// Hands over the values since the last time, and forgets them and their ids.
    mutating func take() -> DatasetTable.Column {
        switch form {
        case .code:
            defer { codes.removeAll() }
            return .codes(codes)
        case .number:
            defer { numbers.removeAll() }
            return .numbers(numbers)
        case .identifier:
            defer {
                identifiers.removeAll()
                known = ByteTable()
            }
            return .identifiers(identifiers, names: known.strings)
        }
    }

    /// Makes room for more rows.
    mutating func reserve(_ rows: Int) {
        switch form {
        case .code: codes.reserveCapacity(rows)
        case .number: numbers.reserveCapacity(rows)
        case .identifier: identifiers.reserveCapacity(rows)
        }
    }

    /// The code of the last row; nil when the column has none.
    var lastCode: UInt16? { codes.last }

    /// Takes the value of the next row; returns what is wrong with it.
    mutating func append(_ field: Span<UInt8>) -> String? {
        switch form {
        case .code: return appendCode(field)
        case .number(let decimals, let bounds): return appendNumber(field, decimals, bounds)
        case .identifier: return appendIdentifier(field)
        }
    }

    private func isMissing(_ field: Span<UInt8>) -> Bool {
        guard missingLength == field.count, let missing else { return false }
        for index in field.indices where field[index] != missing[index] { return false }
        return true
    }

    private mutating func appendCode(_ field: Span<UInt8>) -> String? {
        if let index = known.number(of: field) {
            codes.append(UInt16(index))
        } else if isMissing(field) {
            codes.append(DatasetTable.Column.missingCode)
        } else {
            return "not in the codebook"
        }
        return nil
    }

    private mutating func appendNumber(_ field: Span<UInt8>, _ decimals: Int, _ bounds: ClosedRange<Int64>) -> String? {
        if isMissing(field) {
            numbers.append(DatasetTable.Column.missingNumber)
            return nil
        }
        var value: Int64
        if let plain = ExactDecimal.scaled(csv: field, decimals: decimals) {
            value = plain
        } else {
            guard let exact = ExactDecimal(csv: field) else { return "not a number" }
            guard let scaled = exact.scaled(decimals: decimals) else {
                return "more than \(decimals) decimals, or too large"
            }
            value = scaled
        }
        if !bounds.contains(value) {
            guard clamps else { return "outside the declared bounds" }
            value = min(max(value, bounds.lowerBound), bounds.upperBound)
        }
        numbers.append(value)
        return nil
    }

    private mutating func appendIdentifier(_ field: Span<UInt8>) -> String? {
        guard (1...255).contains(field.count) else { return "an id of no or more than 255 bytes" }
        identifiers.append(UInt32(known.number(adding: field)))
        return nil
    }
}
