package import GloveboxCore

/// One file the job may leave in its output folder.
package struct DeclaredOutput: DocumentSection {
    /// The parser that reads the file.
    package enum FileType: String, DocumentWord {
        case csv
        case json
        case tableSpec = "table-spec"
        case chartSpec = "chart-spec"
        case png
        case safetensors
        case modelSpec = "model-spec"

        /// Whether the file is a spec, which comes with the code when the policy says `spec_source: submitted`.
        package var isSpec: Bool { self == .tableSpec || self == .chartSpec || self == .modelSpec }
    }

    /// The greatest number of parameters of a model.
    package enum ParameterLimit: Hashable, Sendable {
        case fixed(Int64)
        /// The number of units less this many.
        case unitsMinus(Int64)
    }

    /// Where the names and shapes of tensors come from.
    package enum Shapes: String, DocumentWord {
        case declared
        case fromRoundSpec = "from-round-spec"
    }

    /// A form of a tensor's numbers.
    package enum Element: String, DocumentWord {
        case f32 = "F32"
        case bf16 = "BF16"
    }

    private enum Schema: String, DocumentWord { case datasetSchema = "dataset-schema" }

    /// The file name.
    package let name: String
    /// The parser.
    package let type: FileType
    /// Whether a job without this file is refused.
    package let isRequired: Bool
    /// Greatest length in bytes, checked before the file is read.
    package let maxBytes: Int
    /// Greatest number of rows of a table; zero for files that are none.
    package let maxRows: Int
    /// Greatest number of cells of a table; zero for files that are none.
    package let maxCells: Int
    /// The allowed forms of numbers; none for files without tensors.
    package let elements: [Element]
    /// Where names and shapes of tensors come from; nil for files without any.
    package let shapes: Shapes?
    /// Greatest number of parameters of a model; nil for files that are none.
    package let maxParameters: ParameterLimit?

    package init(_ fields: inout DocumentFields) throws(GloveboxError) {
        name = try fields.text("name")
        guard Self.isName(name) else {
            throw fields.wrongValue("name", "must be 1 to 64 of a-z 0-9 _ . - with no dot first")
        }
        type = try fields.choice("type")
        isRequired = try fields.bool("required", default: true)
        maxBytes = Int(try fields.integer("max_bytes", 1...16_777_216, default: 262_144))
        if type == .csv || type == .json {
            maxRows = Int(try fields.integer("max_rows", 1...1_000_000, default: 500))
            maxCells = Int(try fields.integer("max_cells", 1...4_000_000, default: 4000))
        } else {
            (maxRows, maxCells) = (0, 0)
        }
        if type == .csv, fields.has("schema") { _ = try fields.choice("schema") as Schema }
        guard type == .safetensors else {
            (elements, shapes, maxParameters) = ([], nil, nil)
            return
        }
        elements = try fields.choices("dtypes", default: [.f32, .bf16])
        shapes = try fields.choice("shapes", default: .declared)
        maxParameters = try Self.parameters(&fields)
    }

    private static func isName(_ name: String) -> Bool {
        (1...64).contains(name.utf8.count) && !name.utf8.starts(with: ".".utf8)
            && name.utf8.allSatisfy { (97...122).contains($0) || (48...57).contains($0) || "_.-".utf8.contains($0) }
    }

    private static func parameters(_ fields: inout DocumentFields) throws(GloveboxError) -> ParameterLimit {
        let value = fields.take("max_params") ?? "units - 10"
        fields.keep("max_params", value)
        if let number = value.integer, number > 0 { return .fixed(number) }
        guard let text = value.string, text.hasPrefix("units - "), let number = Int64(text.dropFirst(8)),
            number >= 0, text == "units - \(number)"
        else { throw fields.wrongValue("max_params", "must be an integer or \"units - N\"") }
        return .unitsMinus(number)
    }
}
