package import GloveboxCore
package import GloveboxPolicy
internal import GloveboxTables

/// The columns of a linear regression, bound to one dataset.
///
/// A category becomes one indicator column for each code but the first. Source: release policy section 4.
package struct RegressionDesign: Sendable {
    /// A column of the design.
    struct Term: Sendable {
        enum Kind: Hashable, Sendable {
            case intercept
            /// A column of numbers.
            case number(column: Int)
            /// Whether a column has this code.
            case indicator(column: Int, code: UInt16)
        }

        /// The name in the released object: a column, or `column=code`.
        let name: String
        let kind: Kind
        /// Values are integers times 10^-`decimals`.
        let decimals: Int
        /// The greatest magnitude of a scaled value.
        let magnitude: UInt64
    }

    /// Greatest number of parameters: exact elimination takes time with its third power.
    package static let maxParameters = 64

    /// The columns, in the order of the spec.
    let terms: [Term]
    /// The outcome, as a column of the same form.
    let outcome: Term
    /// The columns of codes, and the code that has no indicator column.
    let dropped: [Term]

    /// The number of parameters.
    package var parameters: Int { terms.count }

    /// Binds a regression.
    ///
    /// - Throws: `spec.column` for a column that is not there, is an id, or gives an ambiguous name; `spec.variable` for an
    ///   outcome that is no number; `spec.too-many-cells` for more than ``maxParameters`` parameters.
    package init(_ wanted: TableSpec.Regression, description: DatasetDescription) throws(GloveboxError) {
        func refuse(_ code: String, _ column: String, _ why: String) -> GloveboxError {
            GloveboxError(code, "column \(Display.escape(column)) of a regression: \(why)")
        }
        func find(_ name: String) throws(GloveboxError) -> Int {
            let index = description.columns.firstIndex { $0.name.utf8.elementsEqual(name.utf8) }
            guard let index else { throw refuse("spec.column", name, "no such column") }
            return index
        }
        func number(_ column: Int, _ number: DatasetColumn.Number) -> Term {
            let bounds = number.bounds
            return Term(
                name: description.columns[column].name,
                kind: .number(column: column),
                decimals: number.decimals,
                magnitude: max(bounds.lowerBound.magnitude, bounds.upperBound.magnitude)
            )
        }
        let index = try find(wanted.outcome)
        guard case .number(let measured) = description.columns[index].type else {
            throw refuse("spec.variable", wanted.outcome, "the outcome must be an integer or decimal column")
        }
        outcome = number(index, measured)
        let constant = Term(name: "intercept", kind: .intercept, decimals: 0, magnitude: 1)
        var terms = wanted.hasIntercept ? [constant] : []
        var dropped: [Term] = []
        for name in wanted.regressors {
            let index = try find(name)
            switch description.columns[index].type {
            case .identifier: throw refuse("spec.column", name, "an id is no regressor")
            case .number(let values): terms.append(number(index, values))
            case .category(let codes), .boolean(let codes, _):
                let indicators = codes.enumerated().map { code, text in
                    Term(
                        name: "\(description.columns[index].name)=\(text)",
                        kind: .indicator(column: index, code: UInt16(code)),
                        decimals: 0,
                        magnitude: 1
                    )
                }
                terms += indicators.dropFirst()
                dropped += indicators.prefix(1)
            }
            guard terms.count <= Self.maxParameters else {
                throw GloveboxError(
                    "spec.too-many-cells",
                    "a regression has at most \(Self.maxParameters) parameters, one for each code but the first"
                )
            }
        }
        let names = terms.map(\.name)
        for (position, name) in names.enumerated() where names[..<position].contains(name) {
            throw refuse("spec.column", name, "two parameters would have this name")
        }
        (self.terms, self.dropped) = (terms, dropped)
    }
}
