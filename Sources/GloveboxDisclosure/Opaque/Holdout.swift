package import GloveboxCore
package import GloveboxPolicy
internal import GloveboxTables

/// The units that a job never sees, so that its output can be tried on people it knows nothing of.
///
/// Source: release policy section 11, step 1.
package struct Holdout: Sendable {
    /// The rows that the job saw, as indexes into the dataset.
    package let shown: [Int]
    /// The rows that were kept from it.
    package let withheld: [Int]

    /// Draws units from those that the input policy lets through; the seed is random for each run.
    ///
    /// - Throws: `spec.predicate`, or `holdout.too-small` when no unit would be withheld.
    package init(
        _ check: HoldoutCheck,
        of table: DatasetTable,
        inputPolicy: InputPolicy,
        seed: Digest
    ) throws(GloveboxError) {
        let rows = try RowFilter(inputPolicy.rowFilter, description: table.description).rows(of: table)
        let lookup = table.unitLookup
        let units = rows.map { row in lookup.map { Int($0[row]) } ?? row }
        var order = Array(Set(units)).sorted()
        let count = Ratio(check.fraction) * Ratio(BigInteger(order.count))
        guard let taken = count.floor.int128, taken > 0 else {
            throw GloveboxError("holdout.too-small", "the dataset has too few units to withhold any")
        }
        var stream = SeededStream(seed: seed)
        stream.shuffle(&order)
        let chosen = Set(order.prefix(Int(taken)))
        var (shown, withheld): ([Int], [Int]) = ([], [])
        for (row, unit) in zip(rows, units) {
            if chosen.contains(unit) { withheld.append(row) } else { shown.append(row) }
        }
        (self.shown, self.withheld) = (shown, withheld)
    }
}
