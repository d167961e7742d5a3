internal import GloveboxPolicy
internal import GloveboxTables

/// Collects the values of one column at import.
struct ColumnBuilder {
    /// The description of the column.
    let described: DatasetColumn
    private let clamps: Bool
    private let codeIndex: [String: UInt16]
    private var codes: [UInt16] = []
    private var numbers: [Int64] = []
    private var identifiers: [UInt32] = []
    private var names: [String] = []
    private var nameIndex: [String: UInt32] = [:]

    init(_ described: DatasetColumn, clamps: Bool) {
        self.described = described
        self.clamps = clamps
        var index: [String: UInt16] = [:]
        for (position, code) in (described.codes ?? []).enumerated() { index[code] = UInt16(position) }
        codeIndex = index
    }

    /// The values so far.
    var column: DatasetTable.Column {
        switch described.type {
        case .category, .boolean: .codes(codes)
        case .number: .numbers(numbers)
        case .identifier: .identifiers(identifiers, names: names)
        }
    }

    /// The code of the last row; nil when it is missing or the column has none.
    var lastCode: String? {
        guard let last = codes.last, last != DatasetTable.Column.missingCode else { return nil }
        return described.codes?[Int(last)]
    }

    /// Takes the value of the next row; returns what is wrong with it.
    mutating func append(_ field: ArraySlice<UInt8>) -> String? {
        let text = String(decoding: field, as: UTF8.self)
        switch described.type {
        case .category, .boolean: return appendCode(text)
        case .number(let number): return appendNumber(field, number, isMissing: text == described.missing)
        case .identifier: return appendIdentifier(text)
        }
    }

    private mutating func appendCode(_ text: String) -> String? {
        if let index = codeIndex[text] {
            codes.append(index)
        } else if text == described.missing {
            codes.append(DatasetTable.Column.missingCode)
        } else {
            return "not in the codebook"
        }
        return nil
    }

    private mutating func appendNumber(
        _ field: ArraySlice<UInt8>,
        _ number: DatasetColumn.Number,
        isMissing: Bool
    ) -> String? {
        if isMissing {
            numbers.append(DatasetTable.Column.missingNumber)
            return nil
        }
        guard let exact = ExactDecimal(csvText: field) else { return "not a number" }
        guard let value = exact.scaled(decimals: number.decimals) else {
            return "more than \(number.decimals) decimals, or too large"
        }
        guard number.bounds.contains(value) || clamps else { return "outside the declared bounds" }
        numbers.append(min(max(value, number.bounds.lowerBound), number.bounds.upperBound))
        return nil
    }

    private mutating func appendIdentifier(_ text: String) -> String? {
        guard (1...255).contains(text.utf8.count) else { return "an id of no or more than 255 bytes" }
        if let index = nameIndex[text] {
            identifiers.append(index)
            return nil
        }
        let index = UInt32(names.count)
        names.append(text)
        nameIndex[text] = index
        identifiers.append(index)
        return nil
    }
}
