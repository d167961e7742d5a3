package import GloveboxCore

/// The public description of a dataset: nothing in it comes from the rows.
///
/// Source: release policy section 15.
package struct DatasetDescription: Hashable, Sendable {
    /// The file the rows come from.
    package struct File: DocumentSection {
        /// Whether the first line names the columns.
        package enum Header: String, DocumentWord {
            case present
            case none
        }

        private enum Format: String, DocumentWord { case csv }

        /// The expected SHA-256 of the whole file; nil when the owner does not pin it.
        package let sha256: Digest?
        /// Lines before the header or first row.
        package let skipLines: Int
        /// Whether a header line is there.
        package let header: Header

        package init(_ fields: inout DocumentFields) throws(GloveboxError) {
            _ = try fields.choice("format", default: .csv) as Format
            if fields.has("sha256") {
                guard let digest = Digest(hex: try fields.text("sha256")) else {
                    throw fields.wrongValue("sha256", "must be 64 lower-case hex digits")
                }
                sha256 = digest
            } else {
                sha256 = nil
            }
            skipLines = Int(try fields.integer("skip_lines", 0...1000, default: 0))
            header = try fields.choice("header", default: .present)
        }
    }

    /// Whose privacy is protected.
    package struct PrivacyUnit: DocumentSection {
        /// How units are told apart.
        package enum Kind: String, DocumentWord {
            case id
            case rowNumber = "row-number"
        }

        /// The id column; for row numbers a name for the row itself.
        package let column: String
        /// How units are told apart.
        package let kind: Kind

        package init(_ fields: inout DocumentFields) throws(GloveboxError) {
            column = try fields.text("column")
            kind = try fields.choice("kind")
        }
    }

    /// What happens to a number outside its bounds at import; the later word is stricter.
    package enum OutOfBounds: String, DocumentWord {
        case clamp
        case refuse
    }

    /// A combination of codes that cannot exist, by column.
    package struct StructuralZero: Hashable, Sendable {
        package let codes: [(column: String, code: String)]

        package static func == (left: Self, right: Self) -> Bool {
            left.codes.elementsEqual(right.codes) { $0.column == $1.column && $0.code == $1.code }
        }

        package func hash(into hasher: inout Hasher) { for (column, code) in codes { hasher.combine([column, code]) } }
    }

    /// The file.
    package let file: File
    /// The privacy unit.
    package let privacyUnit: PrivacyUnit
    /// The columns, in the order of the description.
    ///
    /// Other columns of the file are dropped at import.
    package let columns: [DatasetColumn]
    /// Combinations that cannot exist, which are left out of tables.
    package let structuralZeros: [StructuralZero]
    /// What happens to a number outside its bounds.
    package let outOfBounds: OutOfBounds
    /// Name, version, canonical form, digest.
    package let document: PolicyDocument
    /// The dataset whose columns were joined to these; nil for a dataset by itself.
    ///
    /// See ``DatasetJoin``.
    package internal(set) var join: String?

    /// The dataset's name.
    package var name: String { document.name }

    /// Reads a description from the value of its document.
    ///
    /// - Throws: `document.*` with the key path.
    package init(_ value: JSONValue) throws(GloveboxError) {
        var (fields, metadata) = try PolicyDocument.open(value, kind: "Dataset")
        file = try fields.filledSection("file")
        guard let unit = try fields.section("privacy_unit", as: PrivacyUnit.self) else {
            throw fields.missing("privacy_unit")
        }
        privacyUnit = unit
        columns = try fields.sections("columns", 1...1024)
        outOfBounds = try fields.choice("on_out_of_bounds", default: .refuse)
        structuralZeros = try Self.structuralZeros(&fields, columns)
        try Self.checkNames(columns, unit, fields)
        document = try PolicyDocument(metadata, closing: fields)
    }

    /// The column of that name.
    package func column(named name: String) -> DatasetColumn? {
        columns.first { $0.name.utf8.elementsEqual(name.utf8) }
    }

    /// Checks that a spec asks for exactly the join that the rows are of: a count of a join is another count.
    ///
    /// - Throws: `spec.join`.
    package func checkJoin(_ wanted: String?) throws(GloveboxError) {
        guard wanted.map({ Array($0.utf8) }) == join.map({ Array($0.utf8) }) else {
            let (spec, run) = (wanted.map(Display.escape) ?? "no dataset", join ?? "none")
            throw GloveboxError(
                "spec.join",
                "the spec joins \(spec) to \(name), the run joins \(run)",
                hint: "The dataset named by 'join' in the spec must be the one the plan joins."
            )
        }
    }

    private static func checkNames(
        _ columns: [DatasetColumn],
        _ unit: PrivacyUnit,
        _ fields: DocumentFields
    ) throws(GloveboxError) {
        guard Set(columns.map(\.name)).count == columns.count else {
            throw fields.wrongValue("columns", "has a name twice")
        }
        let named = columns.first { $0.name == unit.column }
        switch unit.kind {
        case .rowNumber:
            guard named == nil else {
                throw fields.wrongValue("privacy_unit", "of kind row-number must name no column")
            }
        case .id:
            guard named?.type == .identifier, named?.missing == nil else {
                throw fields.wrongValue(
                    "privacy_unit",
                    "of kind id must name a column of type id with no missing values"
                )
            }
        }
    }

    private static func structuralZeros(
        _ fields: inout DocumentFields,
        _ columns: [DatasetColumn]
    ) throws(GloveboxError) -> [StructuralZero] {
        let value = fields.take("structural_zeros") ?? []
        guard let elements = value.array, elements.count <= 4096 else {
            throw fields.wrongType("structural_zeros", "a list")
        }
        var zeros: [StructuralZero] = []
        for (index, element) in elements.enumerated() {
            let path = "structural_zeros[\(index)]"
            guard let object = element.object, object.members.count >= 1 else {
                throw fields.wrongType(path, "column: code pairs")
            }
            var codes: [(column: String, code: String)] = []
            for member in object.members {
                guard let code = member.value.string,
                    columns.first(where: { $0.name == member.name })?.codes?.contains(code) == true
                else { throw fields.wrongValue(path, "must pair category columns with their codes") }
                codes.append((member.name, code))
            }
            zeros.append(StructuralZero(codes: codes))
        }
        fields.keep("structural_zeros", value)
        return zeros
    }
}
