package import GloveboxCore
package import GloveboxPolicy

/// The exact content of a table, made from the dataset: distinct privacy units in each cell and in each margin, and
/// what each unit contributes to the measured variable.
package struct CellCounts: Sendable {
    /// The layout.
    package let frame: TableFrame
    /// Distinct units of each place of the frame.
    package let units: [Int]
    /// Distinct units of the whole dataset.
    package let unitCount: Int
    /// What is measured; nil for a table of counts.
    package let variable: MeasuredVariable?

    /// Rows of each place.
    let rows: [Int]
    /// The scaled sum of each place; empty without a sum or mean.
    let totals: [Int128]
    /// Units with a positive row in each place; for a proportion alone.
    let positives: [Int]
    /// The contributions to each place without a margin; empty without a sum or mean.
    let contributions: [Contributions]
    /// The base population, the units with a row that the input policy lets through, and who is where; nil where nothing is
    /// remembered.
    let entries: UnitEntries?

    /// Counts all rows, remembering who is where under a key.
    ///
    /// - Throws: `spec.predicate`, `spec.overflow`, and what the rows' source throws.
    package init(
        _ source: any RowSource,
        frame: TableFrame,
        conditions: [Predicate],
        variable: MeasuredVariable? = nil,
        inputPolicy: InputPolicy,
        key: LineageKey? = nil,
        scratch: any Scratch = MemoryScratch()
    ) throws(GloveboxError) {
        var tabulation = try Tabulation(
            frame,
            conditions: conditions,
            variable: variable,
            description: source.description,
            inputPolicy: inputPolicy,
            key: key,
            scratch: scratch
        )
        _ = try source.rows { (block) throws(GloveboxError) in try tabulation.add(block) }
        self = try tabulation.finish()
    }

    init(
        frame: TableFrame,
        units: [Int],
        unitCount: Int,
        variable: MeasuredVariable?,
        rows: [Int],
        totals: [Int128],
        positives: [Int],
        contributions: [Contributions],
        entries: UnitEntries?
    ) {
        (self.frame, self.units, self.unitCount, self.variable) = (frame, units, unitCount, variable)
        (self.rows, self.totals, self.positives) = (rows, totals, positives)
        (self.contributions, self.entries) = (contributions, entries)
    }
}
