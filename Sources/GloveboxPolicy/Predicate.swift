package import GloveboxCore

/// One condition on a row: `{"column": "age", "op": "ge", "value": "25"}`.
///
/// `eq`, `ne` and `in` compare codes; `lt`, `le`, `gt`, `ge` compare numbers at a cut point of a declared banding. Values
/// are texts; `in` has a list of them. Source: release policy section 4.
package struct Predicate: DocumentSection {
    /// A comparison.
    package enum Operator: String, DocumentWord {
        case equal = "eq"
        case notEqual = "ne"
        case oneOf = "in"
        case less = "lt"
        case lessOrEqual = "le"
        case greater = "gt"
        case greaterOrEqual = "ge"

        /// Whether it compares codes, not numbers.
        package var isOnCodes: Bool { self == .equal || self == .notEqual || self == .oneOf }
    }

    /// The column.
    package let column: String
    /// The comparison.
    package let comparison: Operator
    /// The value, or the values of `in`.
    package let values: [String]

    package init(_ fields: inout DocumentFields) throws(GloveboxError) {
        column = try fields.text("column")
        comparison = try fields.choice("op")
        values = comparison == .oneOf ? try fields.texts("value", 1...256) : [try fields.text("value")]
    }
}

extension DatasetDescription {
    /// Checks that a predicate fits the columns it names.
    ///
    /// - Throws: `spec.predicate`.
    package func check(_ predicate: Predicate) throws(GloveboxError) {
        func refuse(_ why: String) -> GloveboxError {
            GloveboxError("spec.predicate", "condition on \(Display.escape(predicate.column)): \(why)")
        }
        guard let column = column(named: predicate.column) else { throw refuse("no such column") }
        switch column.type {
        case .category(let codes), .boolean(let codes, _):
            guard predicate.comparison.isOnCodes else { throw refuse("codes are compared with eq, ne or in") }
            for value in predicate.values where !codes.contains(where: { $0.utf8.elementsEqual(value.utf8) }) {
                throw refuse("'\(Display.escape(value))' is not in the codebook")
            }
        case .number(let number):
            guard !predicate.comparison.isOnCodes else { throw refuse("numbers are compared with lt, le, gt or ge") }
            guard let value = predicate.values.first, let cut = number.scaled(value),
                number.bandings.contains(where: { $0.edges.contains(cut) })
            else { throw refuse("a number is compared only with an edge of a declared banding") }
        case .identifier: throw refuse("an id is never compared")
        }
    }
}
