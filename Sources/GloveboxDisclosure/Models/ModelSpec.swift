package import GloveboxCore
package import GloveboxPolicy
internal import GloveboxTables

/// What kind of model a job trains: it comes with the code, is approved with it, and fixes names and shapes of all tensors.
///
/// Every input is brought to [0,1] by the bounds of the dataset's description, which are public, so a model needs no
/// constants of the data's own. Source: release policy section 11.
package struct ModelSpec: Hashable, Sendable {
    /// A form of model that the supervisor can run itself.
    package enum Family: String, DocumentWord {
        /// One sum of the inputs; the target is a number.
        case linear
        /// Linear scores; the target is a code.
        case logistic
        /// Dense layers with max(0, x) between them; the target is either.
        case mlpReLU = "mlp-relu"
    }

    /// The file that holds it when it comes with the code.
    package static let fileType = DeclaredOutput.FileType.modelSpec

    /// The dataset's name.
    package let dataset: String
    /// The output file the model is for.
    package let output: String
    package let family: Family
    /// The columns that the model reads, in order.
    package let inputs: [String]
    /// The column that it predicts.
    package let target: String
    /// The widths of the layers between; none outside `mlp-relu`.
    package let hidden: [Int]
    /// The spec with every default filled in.
    package let canonical: JSONValue

    /// SHA-256 of the canonical bytes.
    package var digest: Digest { Digest(sha256: CanonicalJSON.encode(canonical)) }

    /// Reads the bytes of a spec file.
    ///
    /// - Throws: `json.*`, `document.*`.
    package init(bytes: [UInt8]) throws(GloveboxError) {
        var fields = try DocumentFields(bytes: bytes, kind: "ModelSpec")
        dataset = try fields.text("dataset")
        output = try fields.text("output")
        family = try fields.choice("family")
        let inputs = try fields.texts("inputs", 1...512)
        let target = try fields.text("target")
        (self.inputs, self.target) = (inputs, target)
        guard !inputs.contains(where: { $0.utf8.elementsEqual(target.utf8) }) else {
            throw fields.wrongValue("target", "is one of the inputs")
        }
        hidden = family == .mlpReLU ? try Self.widths(&fields) : []
        canonical = try fields.finish()
    }

    private static func widths(_ fields: inout DocumentFields) throws(GloveboxError) -> [Int] {
        guard let elements = fields.take("hidden")?.array else { throw fields.missing("hidden") }
        let widths = elements.compactMap(\.integer).filter { (1...4096).contains($0) }
        guard widths.count == elements.count, (1...4).contains(widths.count) else {
            throw fields.wrongValue("hidden", "must be 1 to 4 widths of 1 to 4096")
        }
        fields.keep("hidden", .array(elements))
        return widths.map { Int($0) }
    }
}
