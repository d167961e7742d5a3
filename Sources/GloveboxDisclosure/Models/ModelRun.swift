internal import Glibc
internal import GloveboxPolicy
package import GloveboxTables

/// Runs a model on rows of a dataset, as the supervisor's own scoring: the job has no part in it.
///
/// Floating point is enough here: nothing of it is released. Source: release policy section 11.
package struct ModelRun: Sendable {
    /// What a model says about one row.
    package struct Prediction: Hashable, Sendable {
        /// Squared error, or minus the logarithm of the probability of the true code, which is at least 10^-12.
        package let loss: Double
        /// What it predicts: the outputs, by their bits.
        package let outputs: [UInt64]
    }

    private let layout: ModelLayout
    private let layers: [(weight: [Double], bias: [Double])]

    /// Binds the numbers of a model to its layout; nil when names or shapes differ.
    package init?(_ layout: ModelLayout, _ model: CheckedModel) {
        let tensors = layout.tensors
        guard model.tensors.count == tensors.count else { return nil }
        var values: [[Double]] = []
        for (name, shape) in tensors {
            guard let tensor = model.tensor(named: name), tensor.shape == shape else { return nil }
            values.append(tensor.values)
        }
        self.layout = layout
        layers = stride(from: 0, to: values.count, by: 2).map { (values[$0], values[$0 + 1]) }
    }

    /// Predicts a row; nil when an input or the target is missing.
    package func predict(_ table: DatasetTable, row: Int) -> Prediction? {
        guard var values = inputs(table, row) else { return nil }
        for (index, layer) in layers.enumerated() {
            let width = values.count
            values = layer.bias.indices.map { out in
                var sum = layer.bias[out]
                for (place, value) in values.enumerated() { sum += layer.weight[out * width + place] * value }
                return index + 1 < layers.count ? max(0, sum) : sum
            }
        }
        guard let loss = loss(table, row, values) else { return nil }
        return Prediction(loss: loss, outputs: values.map(\.bitPattern))
    }

    private func loss(_ table: DatasetTable, _ row: Int, _ scores: [Double]) -> Double? {
        switch layout.kind {
        case .number: return Self.scaled(table, layout.target, row).map { ($0 - scores[0]) * ($0 - scores[0]) }
        case .twoCodes:
            guard let code = Self.code(table, layout.target, row) else { return nil }
            return Self.surprise(1 / (1 + exp(code == 1 ? -scores[0] : scores[0])))
        case .codes:
            guard let code = Self.code(table, layout.target, row), let top = scores.max() else { return nil }
            let powers = scores.map { exp($0 - top) }
            return Self.surprise(powers[code] / powers.reduce(0, +))
        }
    }

    private static func surprise(_ probability: Double) -> Double {
        -log(probability.isNaN ? 1e-12 : max(1e-12, probability))
    }

    private func inputs(_ table: DatasetTable, _ row: Int) -> [Double]? {
        Self.inputs(table, layout.inputs, row)
    }

    /// A row as a model reads it: numbers brought to [0,1], a category as one input for each code but the first `dropped`;
    /// nil when a value is missing.
    static func inputs(_ table: DatasetTable, _ columns: [Int], _ row: Int, dropped: Int = 1) -> [Double]? {
        var inputs: [Double] = []
        for column in columns {
            if let codes = table.description.columns[column].codes {
                guard let code = Self.code(table, column, row) else { return nil }
                inputs += (min(dropped, codes.count)..<codes.count).map { $0 == code ? 1 : 0 }
            } else {
                guard let value = Self.scaled(table, column, row) else { return nil }
                inputs.append(value)
            }
        }
        return inputs
    }

    private static func code(_ table: DatasetTable, _ column: Int, _ row: Int) -> Int? {
        guard case .codes(let values) = table.columns[column], values[row] != DatasetTable.Column.missingCode else {
            return nil
        }
        return Int(values[row])
    }

    /// A number brought to [0,1] by the column's declared bounds; nil for one that is missing.
    static func scaled(_ table: DatasetTable, _ column: Int, _ row: Int) -> Double? {
        guard case .numbers(let values) = table.columns[column], values[row] != DatasetTable.Column.missingNumber,
            case .number(let number) = table.description.columns[column].type
        else { return nil }
        let span = Double(number.bounds.upperBound - number.bounds.lowerBound)
        return Double(values[row] - number.bounds.lowerBound) / span
    }
}
