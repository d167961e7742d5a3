package import GloveboxPolicy
package import GloveboxTables

extension FreedomCheck {
    /// The degrees of freedom of a regression: rows less the rank of the design, found by exact elimination.
    ///
    /// The design has one row for each unit, scaled to integers, the column of ones included.
    package func degreesOfFreedom(design: [[BigInteger]]) -> Int {
        design.count - ExactElimination(design, columns: design.first?.count ?? 0).rank
    }

    /// Whether a regression is left too few degrees of freedom, or has too many parameters for its units.
    ///
    /// Source: release policy section 5.4.
    package func isUnsafe(units: Int, parameters: Int, degreesOfFreedom: Int) -> Bool {
        Int64(degreesOfFreedom) < minimum
            || Ratio(BigInteger(parameters)) > Ratio(maxParameterShare) * Ratio(BigInteger(units))
    }
}
