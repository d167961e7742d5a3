package import GloveboxCore

/// What a job may see of a dataset, and for what.
///
/// Source: release policy section 15.
package struct InputPolicy: Hashable, Sendable {
    /// Whether the dataset may be joined with others.
    package enum Joins: Hashable, Sendable {
        case forbid
        /// On the privacy unit, with the named datasets.
        case onUnit(with: [String])
    }

    private struct Mock: DocumentSection {
        let rows: Int
        init(_ fields: inout DocumentFields) throws(GloveboxError) {
            rows = Int(try fields.integer("rows", 1...1_000_000, default: 500))
        }
    }

    /// How much a job may see at most.
    package struct Limits: DocumentSection {
        /// Greatest number of rows.
        package let maxRows: Int
        /// Greatest length of the file that the job reads.
        package let maxBytes: Int

        package init(_ fields: inout DocumentFields) throws(GloveboxError) {
            maxRows = Int(try fields.integer("max_rows", 1...1_000_000_000, default: 1_000_000_000))
            maxBytes = Int(try fields.integer("max_bytes", 1...1_099_511_627_776, default: 1_099_511_627_776))
        }
    }

    private struct UnitJoin: DocumentSection {
        enum Key: String, DocumentWord { case unit }

        let names: [String]
        init(_ fields: inout DocumentFields) throws(GloveboxError) {
            _ = try fields.choice("on") as Key
            names = try fields.texts("with", 1...64)
        }
    }

    /// The dataset's name.
    package let dataset: String
    /// The columns a job may see; no other.
    package let columns: [String]
    /// Which rows a job may see.
    package let rowFilter: [Predicate]
    /// How much a job may see at most; nil sets no limit.
    package let limits: Limits?
    /// Joins.
    package let joins: Joins
    /// The codes of what the data may be used for, one of which a project must declare; empty for anything.
    package let purposes: [String]
    /// How many rows the mock twin has.
    package let mockRows: Int
    /// Name, version, canonical form, digest.
    package let document: PolicyDocument

    /// Reads a policy from the value of its document.
    ///
    /// - Throws: `document.*` with the key path.
    package init(_ value: JSONValue) throws(GloveboxError) {
        var (fields, metadata) = try PolicyDocument.open(value, kind: "InputPolicy")
        dataset = try fields.text("dataset")
        columns = try fields.texts("columns", 1...1024)
        rowFilter = try fields.sections("row_filter", 0...8, optional: true)
        limits = try fields.section("limits")
        joins = try Self.joins(&fields)
        purposes = try fields.texts("purposes", 0...64, default: [])
        mockRows = try fields.filledSection("mock", as: Mock.self).rows
        document = try PolicyDocument(metadata, closing: fields)
    }

    /// Checks the policy against the dataset it is for.
    ///
    /// - Throws: `input-policy.dataset`, `input-policy.column`, `input-policy.purpose` or `spec.predicate`.
    package func check(against description: DatasetDescription) throws(GloveboxError) {
        guard dataset.utf8.elementsEqual(description.name.utf8) else {
            throw GloveboxError(
                "input-policy.dataset",
                "policy \(document.name) is for dataset \(Display.escape(dataset)), not \(description.name)"
            )
        }
        for name in columns where description.column(named: name) == nil {
            throw GloveboxError(
                "input-policy.column",
                "policy \(document.name) names the column \(Display.escape(name)), which \(dataset) lacks"
            )
        }
        for purpose in purposes where !Identifier.isCode(purpose) {
            throw GloveboxError(
                "input-policy.purpose",
                "policy \(document.name) names the purpose '\(Display.escape(purpose))', and a purpose is a code of a to z, 0 to 9 and -",
                hint: "Words for people belong in a comment."
            )
        }
        for predicate in rowFilter { try description.check(predicate) }
    }

    /// Whether a job may see the column.
    package func allows(column: String) -> Bool { columns.contains { $0.utf8.elementsEqual(column.utf8) } }

    private static func joins(_ fields: inout DocumentFields) throws(GloveboxError) -> Joins {
        guard fields.has("joins"), !fields.holds("joins", "forbid") else {
            _ = fields.take("joins")
            fields.keep("joins", "forbid")
            return .forbid
        }
        guard let join = try fields.section("joins", as: UnitJoin.self) else { return .forbid }
        return .onUnit(with: join.names)
    }
}
