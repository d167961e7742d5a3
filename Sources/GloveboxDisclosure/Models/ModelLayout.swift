package import GloveboxCore
package import GloveboxPolicy
internal import GloveboxTables

/// The tensors that a spec and a dataset's description fix: the job chooses nothing but their numbers.
package struct ModelLayout: Hashable, Sendable {
    /// What the last layer gives.
    package enum Target: Hashable, Sendable {
        /// A number, brought to [0,1] by its bounds.
        case number
        /// One score: the second of two codes.
        case twoCodes
        /// One score for each code.
        case codes(Int)

        /// The width of the last layer.
        var width: Int {
            switch self {
            case .number, .twoCodes: 1
            case .codes(let count): count
            }
        }
    }

    /// The indexes of the input columns.
    package let inputs: [Int]
    /// The index of the target column.
    package let target: Int
    package let kind: Target
    /// The widths of all layers, the inputs first.
    ///
    /// A category takes one input for each code but the first.
    package let widths: [Int]

    /// Binds a spec to a dataset.
    ///
    /// - Throws: `spec.*`.
    package init(_ spec: ModelSpec, description: DatasetDescription, inputPolicy: InputPolicy) throws(GloveboxError) {
        guard spec.dataset.utf8.elementsEqual(description.name.utf8) else {
            throw GloveboxError("spec.dataset", "the spec is for dataset \(Display.escape(spec.dataset))")
        }
        func index(_ name: String) throws(GloveboxError) -> Int {
            guard inputPolicy.allows(column: name),
                let index = description.columns.firstIndex(where: { $0.name.utf8.elementsEqual(name.utf8) })
            else {
                throw GloveboxError("spec.column", "the input policy does not show the column \(Display.escape(name))")
            }
            guard description.columns[index].type != .identifier else {
                throw GloveboxError("spec.column", "an id is no input and no target of a model")
            }
            return index
        }
        var inputs: [Int] = []
        for name in spec.inputs { inputs.append(try index(name)) }
        self.inputs = inputs
        target = try index(spec.target)
        let codes = description.columns[target].codes?.count
        switch (spec.family, codes) {
        case (.linear, nil), (.mlpReLU, nil): kind = .number
        case (.logistic, 2), (.mlpReLU, 2): kind = .twoCodes
        case (.logistic, let count?) where count > 2, (.mlpReLU, let count?) where count > 2: kind = .codes(count)
        default:
            throw GloveboxError(
                "spec.target",
                "a linear model predicts a number, a logistic one a column of two codes or more"
            )
        }
        let width = inputs.reduce(0) { $0 + (description.columns[$1].codes.map { max(0, $0.count - 1) } ?? 1) }
        guard (1...65536).contains(width) else {
            throw GloveboxError("spec.column", "the model has no input or too many")
        }
        widths = [width] + spec.hidden + [kind.width]
    }

    /// Name and shape of every tensor: `weight` and `bias`, or `layers.0.weight` and so on.
    package var tensors: [(name: String, shape: [Int])] {
        (1..<widths.count).flatMap { layer -> [(name: String, shape: [Int])] in
            let prefix = widths.count == 2 ? "" : "layers.\(layer - 1)."
            return [(prefix + "weight", [widths[layer], widths[layer - 1]]), (prefix + "bias", [widths[layer]])]
        }
    }

    /// The number of numbers.
    package var parameterCount: Int { tensors.reduce(0) { $0 + $1.shape.reduce(1, *) } }
}
