package import GloveboxCore
internal import GloveboxTables

/// One column of a dataset: its type, codebook or bounds, and whether it is sensitive.
package struct DatasetColumn: DocumentSection {
    /// A named list of edges that cuts a number into bands: [a,b), the last one closed.
    package struct Banding: Hashable, Sendable {
        package let name: String
        /// Scaled like the column's values, rising.
        package let edges: [Int64]
        /// The label of each band, such as `25..35`; a negative edge stands in parentheses.
        package let labels: [String]

        /// The band of a value; nil outside the edges.
        package func band(of value: Int64) -> Int? {
            guard let first = edges.first, let last = edges.last, first <= value, value <= last else { return nil }
            let above = edges.firstIndex { $0 > value } ?? edges.count - 1
            return above - 1
        }
    }

    /// A number type: values are integers times 10^-`decimals`.
    package struct Number: Hashable, Sendable {
        package let decimals: Int
        /// The bounds, scaled; from general knowledge, never from the data.
        package let bounds: ClosedRange<Int64>
        package let bandings: [Banding]

        /// Reads a bound, an edge or a predicate's value as a scaled integer.
        package func scaled(_ text: String) -> Int64? { ExactDecimal(policyText: text)?.scaled(decimals: decimals) }

        /// The text of a scaled value.
        package func text(_ value: Int64) -> String {
            decimals == 0 ? String(value) : ExactDecimal(mantissa: Int128(value), exponent: -decimals).text
        }
    }

    /// What a column holds.
    package enum Kind: Hashable, Sendable {
        case identifier
        case category(codes: [String])
        case boolean(codes: [String], positive: String)
        case number(Number)
    }

    private enum Word: String, DocumentWord {
        case id
        case category
        case boolean
        case integer
        case decimal
    }

    /// The column name in files and specs.
    package let name: String
    /// What it holds.
    package let type: Kind
    /// Whether learning the value of someone harms them; full cells are looked for in these columns.
    package let isSensitive: Bool
    /// The text that stands for a missing value; nil when none is allowed.
    package let missing: String?

    /// The codes of a category or boolean column, in codebook order.
    package var codes: [String]? {
        switch type {
        case .category(let codes), .boolean(let codes, _): codes
        case .identifier, .number: nil
        }
    }

    package init(_ fields: inout DocumentFields) throws(GloveboxError) {
        name = try fields.text("name")
        guard TableLabel.isValid(name), name != "n" else {
            throw fields.wrongValue("name", "must be a plain ASCII label of at most 40 bytes, and not n")
        }
        switch try fields.choice("type") as Word {
        case .id: type = .identifier
        case .category: type = .category(codes: try Self.codes(&fields, 1...4096))
        case .boolean:
            let codes = try Self.codes(&fields, 2...2)
            let positive = try fields.text("positive")
            guard codes.contains(positive) else { throw fields.wrongValue("positive", "must be one of the codes") }
            type = .boolean(codes: codes, positive: positive)
        case .integer: type = .number(try Self.number(&fields, decimals: 0))
        case .decimal: type = .number(try Self.number(&fields, decimals: Int(try fields.integer("decimals", 0...9))))
        }
        isSensitive = try fields.bool("sensitive", default: false)
        guard fields.has("missing") else {
            missing = nil
            return
        }
        let missing = try fields.text("missing")
        guard missing.isEmpty || TableLabel.isValid(missing) || ExactDecimal(csvText: missing.utf8) != nil,
            missing.utf8.count <= TableLabel.maximum
        else { throw fields.wrongValue("missing", "must be a plain label or empty") }
        self.missing = missing
    }

    /// The word for a margin; no code may have it.
    package static let totalLabel = "total"

    private static func codes(_ fields: inout DocumentFields, _ count: ClosedRange<Int>) throws(GloveboxError)
        -> [String]
    {
        let codes = try fields.texts("codes", count)
        for code in codes where !TableLabel.isValid(code) || code.lowercased() == totalLabel {
            throw fields.wrongValue("codes", "may hold only plain ASCII labels of at most 40 bytes, and not total")
        }
        return codes
    }

    private static func number(_ fields: inout DocumentFields, decimals: Int) throws(GloveboxError) -> Number {
        func scaled(_ text: String) -> Int64? { ExactDecimal(policyText: text)?.scaled(decimals: decimals) }
        guard let low = scaled(try fields.text("min")), let high = scaled(try fields.text("max")), low < high,
            max(low.magnitude, high.magnitude) < 1 << 62
        else {
            throw fields.wrongValue("min", "and max must be quoted numbers of the column's decimals, min below max")
        }
        let bandings = try bandings(&fields, low...high, decimals)
        return Number(decimals: decimals, bounds: low...high, bandings: bandings)
    }

    private static func bandings(
        _ fields: inout DocumentFields,
        _ bounds: ClosedRange<Int64>,
        _ decimals: Int
    ) throws(GloveboxError) -> [Banding] {
        guard let value = fields.take("bandings") else { return [] }
        var inner = try DocumentFields(value, at: fields.at("bandings"))
        var bandings: [Banding] = []
        for name in value.object?.names ?? [] {
            guard Identifier.isName(name) else { throw inner.wrongValue(Display.escape(name), "is no banding name") }
            var edges: [Int64] = []
            let texts = try inner.texts(name, 2...257)
            for text in texts {
                guard let edge = ExactDecimal(policyText: text)?.scaled(decimals: decimals), bounds.contains(edge),
                    edge > edges.last ?? Int64.min
                else { throw inner.wrongValue(name, "must be rising edges inside min and max") }
                edges.append(edge)
            }
            // A value outside every band would fall out of the table without a trace.
            guard edges.first == bounds.lowerBound, edges.last == bounds.upperBound else {
                throw inner.wrongValue(name, "must start at min and end at max")
            }
            let ends = edges.map { edge in
                let text = ExactDecimal(mantissa: Int128(edge), exponent: -decimals).text
                return edge < 0 ? "(\(text))" : text
            }
            let labels = zip(ends, ends.dropFirst()).map { "\($0)..\($1)" }
            guard labels.allSatisfy({ TableLabel.isValid($0) }) else {
                throw inner.wrongValue(name, "has a label over 40 bytes")
            }
            bandings.append(Banding(name: name, edges: edges, labels: labels))
        }
        fields.keep("bandings", try inner.finish())
        return bandings
    }
}
