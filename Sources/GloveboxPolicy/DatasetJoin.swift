package import GloveboxCore

/// Two datasets with units of one kind, put side by side: what the specs and policies of a run over both are about.
///
/// Its rows are those of the first dataset, each with every row that the same unit has in the second. A column of the second keeps its
/// name unless the first has one of that name, too: then it is called `dataset.column`. Source: release policy section 15.
package struct DatasetJoin: Sendable {
    /// The columns of both, under the first dataset's name.
    package let description: DatasetDescription
    /// What of them a job sees, and under the conditions of both owners.
    package let inputPolicy: InputPolicy

    /// A dataset with what a job may see of it.
    package typealias Side = (description: DatasetDescription, inputPolicy: InputPolicy)

    /// Joins two datasets whose owners both allow it.
    ///
    /// - Throws: `join.*` with the reason; `document.*` when the two together are more than one document holds.
    package init(_ first: Side, _ second: Side) throws(GloveboxError) {
        try Self.checkConsent(first, second)
        try Self.checkUnits([first, second])
        let names = Names(first.description, second.description)
        description = try Self.description(first.description, second.description, names)
        inputPolicy = try Self.inputPolicy(first.inputPolicy, second.inputPolicy, names)
    }

    /// What the columns of the second dataset are called.
    private struct Names {
        let dataset: String
        let unit: String
        private let taken: [String]

        init(_ first: DatasetDescription, _ second: DatasetDescription) {
            dataset = second.name
            unit = second.privacyUnit.column
            taken = first.columns.map(\.name)
        }

        func callAsFunction(_ column: String) -> String {
            taken.contains { $0.utf8.elementsEqual(column.utf8) } ? "\(dataset).\(column)" : column
        }

        func isUnit(_ column: String) -> Bool { column.utf8.elementsEqual(unit.utf8) }
    }

    private static func checkConsent(_ first: Side, _ second: Side) throws(GloveboxError) {
        for (side, other) in [(first, second), (second, first)] {
            let name = side.description.name
            guard case .onUnit(let partners) = side.inputPolicy.joins,
                partners.contains(where: { $0.utf8.elementsEqual(other.description.name.utf8) })
            else {
                throw GloveboxError(
                    "join.forbidden",
                    "the input policy of \(name) allows no join with \(other.description.name)",
                    hint:
                        "Both datasets must name each other: joins: {\"on\": unit, with: [\(other.description.name)]}."
                )
            }
        }
        guard !first.description.name.utf8.elementsEqual(second.description.name.utf8) else {
            throw GloveboxError("join.forbidden", "a dataset is not joined with itself")
        }
    }

    private static func checkUnits(_ sides: [Side]) throws(GloveboxError) {
        for side in sides {
            let unit = side.description.privacyUnit
            guard unit.kind == .id, side.inputPolicy.allows(column: unit.column) else {
                throw GloveboxError(
                    "join.unit",
                    "dataset \(side.description.name) cannot be joined: a job sees no id of its privacy unit",
                    hint: "Datasets join on a unit of kind id whose column the input policy shows."
                )
            }
        }
    }

    private static func description(
        _ first: DatasetDescription,
        _ second: DatasetDescription,
        _ names: Names
    ) throws(GloveboxError) -> DatasetDescription {
        var value = first.document.canonical.object ?? JSONObject()
        let theirs = second.document.canonical
        let columns = (theirs["columns"]?.array ?? []).filter { !names.isUnit($0["name"]?.string ?? "") }
        value["file"] = nil
        value["columns"] = .array((value["columns"]?.array ?? []) + columns.map { renamed($0, "name", names) })
        let zeros = (theirs["structural_zeros"]?.array ?? []).map { zero in
            JSONValue.object(JSONObject((zero.object?.members ?? []).map { (names($0.name), $0.value) }))
        }
        value["structural_zeros"] = .array((value["structural_zeros"]?.array ?? []) + zeros)
        var description = try DatasetDescription(.object(value))
        description.join = second.name
        return description
    }

    private static func inputPolicy(
        _ first: InputPolicy,
        _ second: InputPolicy,
        _ names: Names
    ) throws(GloveboxError) -> InputPolicy {
        var value = first.document.canonical.object ?? JSONObject()
        let theirs = second.columns.filter { !names.isUnit($0) }.map { JSONValue.string(names($0)) }
        value["columns"] = .array((value["columns"]?.array ?? []) + theirs)
        // The unit has one name in the join, that of the first dataset; nobody can set a condition on an id anyway.
        let filters = (second.document.canonical["row_filter"]?.array ?? []).map { renamed($0, "column", names) }
        value["row_filter"] = .array((value["row_filter"]?.array ?? []) + filters)
        value["joins"] = "forbid"
        // Each side's limits are held against the file that a job reads of it.
        value["limits"] = nil
        value["purposes"] = .array(try purposes(first, second).map { .string($0) })
        value["mock"] = ["rows": .integer(Int64(min(first.mockRows, second.mockRows)))]
        return try InputPolicy(.object(value))
    }

    /// What both may be used for; an owner who names nothing leaves it to the other.
    private static func purposes(_ first: InputPolicy, _ second: InputPolicy) throws(GloveboxError) -> [String] {
        if first.purposes.isEmpty { return second.purposes }
        if second.purposes.isEmpty { return first.purposes }
        let common = first.purposes.filter { one in second.purposes.contains { $0.utf8.elementsEqual(one.utf8) } }
        guard !common.isEmpty else {
            throw GloveboxError(
                "join.purposes",
                "\(first.dataset) and \(second.dataset) may be used for no common purpose"
            )
        }
        return common
    }

    private static func renamed(_ value: JSONValue, _ key: String, _ names: Names) -> JSONValue {
        var object = value.object ?? JSONObject()
        object[key] = value[key]?.string.map { .string(names($0)) }
        return .object(object)
    }
}
