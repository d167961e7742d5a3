package import GloveboxCore
internal import GloveboxDisclosure
package import GloveboxPolicy
package import GloveboxTables

/// A question that the supervisor answers with noise: it stands in the approved code tree and holds nothing of the data.
///
/// Sensitivity and bounds come from the dataset's description, never from here. Source: release policy section 9.1.
package struct DPQuery: Hashable, Sendable {
    /// The file of the code tree that holds it.
    package static let fileName = "query.spec.json"

    /// The dataset's name.
    package let dataset: String
    /// The dataset that is joined to it on the privacy unit; nil for none.
    package let join: String?
    /// What is asked.
    package let kind: PrivacyRules.Query
    /// The column that is summed, averaged or cut into bands; nil for counts.
    package let column: String?
    /// The banding of a quantile's column; nil for the others.
    package let banding: String?
    /// The quantile, strictly between 0 and 1; nil for the others.
    package let quantile: ExactDecimal?
    /// What the answer may cost.
    package let rho: Rho
    /// What naming the groups may cost, where their names are not public; nil where they are.
    package let selection: KeySelection?
    /// The groups and conditions, in the form that tables use.
    let layout: TableSpec
    /// The query with every default filled in.
    package let canonical: JSONValue

    /// What the answer costs in all: ``rho``, and what naming the groups takes.
    ///
    /// - Throws: `privacy.epsilon`, `privacy.overflow`.
    package func cost() throws(GloveboxError) -> Rho {
        guard let selection else { return rho }
        return try rho.adding(selection.rho())
    }

    /// SHA-256 of the canonical bytes.
    package var digest: Digest { Digest(sha256: CanonicalJSON.encode(canonical)) }

    /// Reads the bytes of a query file.
    ///
    /// - Throws: `json.*`, `document.*`.
    package init(bytes: [UInt8]) throws(GloveboxError) {
        try self.init(DocumentFields(bytes: bytes, kind: "DPQuery"))
    }

    /// Reads a query from its value.
    ///
    /// - Throws: `document.*` with the key path.
    package init(_ value: JSONValue) throws(GloveboxError) {
        try self.init(DocumentFields(value, kind: "DPQuery"))
    }

    private init(_ opened: DocumentFields) throws(GloveboxError) {
        var fields = opened
        dataset = try fields.text("dataset")
        join = try fields.has("join") ? fields.text("join") : nil
        let range = ExactDecimal.zero...ExactDecimal(1_000_000)
        guard let rho = Rho(try fields.decimal("rho", range)), rho > .zero else {
            throw fields.wrongValue("rho", "must be above zero with at most 12 decimals")
        }
        self.rho = rho
        selection = try fields.section("selection")
        guard let question = try fields.section("query", as: Question.self) else { throw fields.missing("query") }
        (kind, column, banding, quantile) = (question.kind, question.column, question.banding, question.quantile)
        canonical = try fields.finish()
        layout = try TableSpec([
            "apiVersion": "glovebox/v1", "kind": "TableSpec", "dataset": .string(dataset), "output": "answer",
            "group_by": question.groups, "where": canonical["query"]?["where"] ?? .array([]), "statistic": "count",
        ])
    }

    private struct Question: DocumentSection {
        let kind: PrivacyRules.Query
        let column: String?
        let banding: String?
        let quantile: ExactDecimal?
        let groups: JSONValue

        init(_ fields: inout DocumentFields) throws(GloveboxError) {
            kind = try fields.choice("kind")
            _ = try fields.sections("where", 0...8, optional: true, as: Predicate.self)
            column = kind == .count || kind == .histogram ? nil : try fields.text("column")
            if kind == .quantile {
                let banding = try fields.text("banding")
                quantile = try fields.decimal("q", ExactDecimal.zero...ExactDecimal(1))
                guard let quantile, quantile > .zero, quantile < ExactDecimal(1) else {
                    throw fields.wrongValue("q", "must be between 0 and 1")
                }
                self.banding = banding
                groups = .array([["column": .string(column ?? ""), "banding": .string(banding)]])
                return
            }
            (banding, quantile) = (nil, nil)
            groups = fields.take("group_by") ?? .array([])
            guard let list = groups.array, kind != .histogram || !list.isEmpty else {
                throw fields.wrongValue("group_by", "must be a list, and name a column for a histogram")
            }
            fields.keep("group_by", groups)
        }
    }
}
