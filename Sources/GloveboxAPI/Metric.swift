/// One figure in Prometheus' text format, version 0.0.4.
///
/// No label may name an account, project, dataset or job. Source: job-backend section 10.
package struct Metric: Sendable {
    /// What its values mean.
    package enum Kind: String, Sendable {
        case gauge
        case counter
        /// Counts of values up to bounds, their sum and their number.
        case histogram
    }

    /// Names and values that tell the samples of a figure apart.
    package typealias Labels = [(name: String, value: String)]

    /// The name, with `glovebox_` in front.
    package let name: String
    /// One line for people.
    package let help: String
    /// What its values mean.
    package let kind: Kind
    /// The values; the suffix is a histogram's, and empty otherwise.
    private var samples: [(suffix: String, labels: Labels, value: Double)] = []

    /// A figure without values yet.
    package init(_ name: String, _ help: String, _ kind: Kind) {
        (self.name, self.help, self.kind) = ("glovebox_" + name, help, kind)
    }

    /// A figure with one value.
    package init(_ name: String, _ help: String, _ kind: Kind = .gauge, _ value: Double) {
        self.init(name, help, kind)
        add([], value)
    }

    /// A figure with a value for each of one label's values.
    package init(_ name: String, _ help: String, _ kind: Kind = .gauge, by label: String, _ values: [(String, Double)])
    {
        self.init(name, help, kind)
        for (value, sample) in values { add([(label, value)], sample) }
    }

    /// Adds a value.
    package mutating func add(_ labels: Labels, _ value: Double, suffix: String = "") {
        samples.append((suffix, labels, value))
    }

    /// Adds a histogram.
    ///
    /// - Parameters:
    ///   - labels: what tells it from the figure's others.
    ///   - bounds: upper bounds; everything is below the last, which is not written down.
    ///   - counts: how many values each bound is the least of.
    ///   - sum: all values together.
    ///   - number: how many values there are.
    package mutating func add(_ labels: Labels, bounds: [Double], counts: [UInt64], sum: Double, number: UInt64) {
        var below: UInt64 = 0
        for (bound, count) in zip(bounds, counts) {
            below += count
            add(labels + [("le", Self.number(bound))], Double(below), suffix: "_bucket")
        }
        add(labels + [("le", "+Inf")], Double(number), suffix: "_bucket")
        add(labels, sum, suffix: "_sum")
        add(labels, Double(number), suffix: "_count")
    }

    /// Its lines.
    package var text: String {
        var text = "# HELP \(name) \(help)\n# TYPE \(name) \(kind.rawValue)\n"
        for sample in samples {
            let labels = sample.labels.map { "\($0.name)=\"\(Self.escape($0.value))\"" }.joined(separator: ",")
            text += name + sample.suffix + (labels.isEmpty ? "" : "{\(labels)}") + " \(Self.number(sample.value))\n"
        }
        return text
    }

    private static func escape(_ text: String) -> String {
        text.reduce(into: "") { out, character in
            switch character {
            case "\\": out += "\\\\"
            case "\"": out += "\\\""
            case "\n": out += "\\n"
            default: out.append(character)
            }
        }
    }

    /// As Prometheus writes it.
    static func number(_ value: Double) -> String {
        value.magnitude < 1e15 && value == value.rounded() ? String(Int64(value)) : String(value)
    }
}
