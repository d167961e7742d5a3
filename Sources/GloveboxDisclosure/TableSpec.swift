package import GloveboxCore
package import GloveboxPolicy

/// What table a job asks for.
///
/// It comes with the code, is approved with it, and holds nothing of the data.
///
/// Source: release policy section 4.
package struct TableSpec: Hashable, Sendable {
    /// One dimension of the table.
    package struct Dimension: Hashable, Sendable {
        /// The column.
        package let column: String
        /// The banding of a number column; nil for a category column.
        package let banding: String?
    }

    /// What a linear regression explains, and by what.
    package struct Regression: Hashable, Sendable {
        /// The column of numbers that is explained.
        package let outcome: String
        /// The columns it is explained by.
        package let regressors: [String]
        /// Whether there is a constant term.
        package let hasIntercept: Bool
    }

    /// The dataset's name.
    package let dataset: String
    /// The dataset that is joined to it on the privacy unit; nil for none.
    package let join: String?
    /// The output file the table is for.
    package let output: String
    /// The dimensions, the slowest first.
    package let groupBy: [Dimension]
    /// Conditions on rows, all of which must hold.
    package let conditions: [Predicate]
    /// The number in each cell.
    package let statistic: ColumnRules.Measure
    /// The column that is summed or averaged; nil for counts.
    package let variable: String?
    /// The regression of statistic `ols`; nil for the others.
    package let regression: Regression?
    /// Whether margins are added.
    package let hasTotals: Bool
    /// The spec with every default filled in.
    package let canonical: JSONValue

    /// SHA-256 of the canonical bytes.
    package var digest: Digest { Digest(sha256: CanonicalJSON.encode(canonical)) }

    /// Reads the bytes of a spec file.
    ///
    /// - Throws: `json.*`, `document.*`.
    package init(bytes: [UInt8]) throws(GloveboxError) {
        try self.init(DocumentFields(bytes: bytes, kind: "TableSpec"))
    }

    /// Reads a spec from its value.
    ///
    /// - Throws: `document.*` with the key path.
    package init(_ value: JSONValue) throws(GloveboxError) {
        try self.init(DocumentFields(value, kind: "TableSpec"))
    }

    private init(_ opened: DocumentFields) throws(GloveboxError) {
        var fields = opened
        dataset = try fields.text("dataset")
        join = try fields.has("join") ? fields.text("join") : nil
        output = try fields.text("output")
        groupBy = try Self.dimensions(&fields)
        conditions = try fields.sections("where", 0...8, optional: true)
        statistic = try fields.choice("statistic", default: .count)
        variable = statistic == .count || statistic == .ols ? nil : try fields.text("variable")
        regression = statistic == .ols ? try Self.regression(&fields, groupBy) : nil
        hasTotals = try fields.bool("totals", default: false)
        guard regression == nil || !hasTotals else { throw fields.wrongValue("totals", "must be false for ols") }
        canonical = try fields.finish()
    }

    /// Every column the spec names.
    package var columns: [String] {
        groupBy.map(\.column) + conditions.map(\.column) + (variable.map { [$0] } ?? [])
            + (regression.map { [$0.outcome] + $0.regressors } ?? [])
    }

    private static func regression(
        _ fields: inout DocumentFields,
        _ groupBy: [Dimension]
    ) throws(GloveboxError) -> Regression {
        guard groupBy.isEmpty else { throw fields.wrongValue("group_by", "must be empty for ols") }
        let outcome = try fields.text("outcome")
        let regressors = try fields.texts("regressors", 1...20)
        let all = [outcome] + regressors
        for (index, name) in all.enumerated()
        where all[..<index].contains(where: { $0.utf8.elementsEqual(name.utf8) }) {
            throw fields.wrongValue("regressors", "name a column twice, or the outcome")
        }
        let hasIntercept = try fields.bool("intercept", default: true)
        return Regression(outcome: outcome, regressors: regressors, hasIntercept: hasIntercept)
    }

    private static func dimensions(_ fields: inout DocumentFields) throws(GloveboxError) -> [Dimension] {
        guard let elements = fields.take("group_by")?.array else { throw fields.missing("group_by") }
        guard elements.count <= 4 else { throw fields.wrongValue("group_by", "must have 0 to 4 entries") }
        var dimensions: [Dimension] = []
        for (index, element) in elements.enumerated() {
            let dimension: Dimension
            if let column = element.string {
                dimension = Dimension(column: column, banding: nil)
            } else {
                var inner = try DocumentFields(element, at: "group_by[\(index)]")
                dimension = Dimension(column: try inner.text("column"), banding: try inner.text("banding"))
                _ = try inner.finish()
            }
            guard !dimensions.contains(where: { $0.column.utf8.elementsEqual(dimension.column.utf8) }) else {
                throw fields.wrongValue("group_by", "names a column twice")
            }
            dimensions.append(dimension)
        }
        fields.keep("group_by", .array(elements))
        return dimensions
    }
}
