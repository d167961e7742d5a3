package import GloveboxCore
package import GloveboxPolicy

/// Which chart is drawn of a table: no free text, so nothing of the job's own stands in it.
///
/// Source: release policy section 8.5.
package struct ChartSpec: Hashable, Sendable {
    /// The name of the table that is drawn.
    package let data: String
    package let mark: Charts.Mark
    /// The dimension across.
    package let x: String
    /// `n`, or the name of the measure.
    package let y: String
    /// The dimension that is told apart by colour; nil for none.
    package let series: String?
    /// The spec with every default filled in.
    package let canonical: JSONValue

    /// Reads the bytes of a spec file.
    ///
    /// - Throws: `json.*`, `document.*`.
    package init(bytes: [UInt8]) throws(GloveboxError) {
        var fields = try DocumentFields(bytes: bytes, kind: "ChartSpec")
        data = try fields.text("data")
        mark = try fields.choice("mark")
        x = try fields.text("x")
        y = try fields.text("y")
        series = fields.has("series") ? try fields.text("series") : nil
        canonical = try fields.finish()
    }

    /// Checks that the table of a spec can be drawn so.
    ///
    /// - Throws: `spec.chart`.
    package func check(_ table: TableSpec, policy: OutputPolicy) throws(GloveboxError) {
        func require(_ condition: Bool, _ why: String) throws(GloveboxError) {
            guard condition else { throw GloveboxError("spec.chart", why) }
        }
        try require(policy.opaque.charts?.marks.contains(mark) == true, "the policy allows no \(mark.rawValue) chart")
        try require(data.utf8.elementsEqual(table.output.utf8), "the chart is of another table than the job makes")
        try require(!table.hasTotals, "a table with totals is not drawn")
        let names = [x] + (series.map { [$0] } ?? [])
        try require(
            Set(names).count == names.count && Set(names) == Set(table.groupBy.map(\.column)),
            "x and series must be exactly the dimensions of the table"
        )
        let measure = table.variable.map { "\(table.statistic.rawValue)_\($0)" }
        try require(y == "n" || y == measure, "y must be n or the measure of the table")
    }
}
