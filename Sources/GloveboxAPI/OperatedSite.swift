package import GloveboxCore

/// What a site tells the machines that watch over it.
package protocol OperatedSite: Sendable {
    /// Everything that must hold for the site to do its work.
    func readiness() async -> [ReadinessCheck]
    /// Its figures now.
    func metrics() async -> [Metric]
}

/// One condition for a site to do its work.
package struct ReadinessCheck: Sendable, Equatable {
    /// A stable name, such as `log` or `disk`.
    package let name: String
    /// What is wrong and what to do about it; nil when it holds.
    package let problem: String?

    /// Describes a condition.
    package init(_ name: String, problem: String? = nil) {
        self.name = name
        self.problem = problem
    }

    /// The check as `{"name","ok","problem"}`.
    package var json: JSONValue {
        ["name": .string(name), "ok": .bool(problem == nil), "problem": problem.map { .string($0) } ?? .null]
    }
}

/// One figure in Prometheus' text format, version 0.0.4.
///
/// No label may name an account, project, dataset or job. Source: job-backend section 10.
package struct Metric: Sendable {
    /// Whether it only grows.
    package enum Kind: String, Sendable {
        case gauge
        case counter
    }

    /// The name, with `glovebox_` in front.
    package let name: String
    /// One line for people.
    package let help: String
    /// Gauge or counter.
    package let kind: Kind
    /// The values, each with its label or none.
    package let samples: [(label: (name: String, value: String)?, value: Double)]

    /// A figure with one value.
    package init(_ name: String, _ help: String, _ kind: Kind = .gauge, _ value: Double) {
        self.init(name, help, kind, [(nil, value)])
    }

    /// A figure with a value for each of one label's values.
    package init(_ name: String, _ help: String, _ kind: Kind = .gauge, by label: String, _ values: [(String, Double)])
    {
        self.init(name, help, kind, values.map { ((label, $0.0), $0.1) })
    }

    private init(
        _ name: String,
        _ help: String,
        _ kind: Kind,
        _ samples: [(label: (name: String, value: String)?, value: Double)]
    ) {
        self.name = "glovebox_" + name
        self.help = help
        self.kind = kind
        self.samples = samples
    }

    /// Its lines.
    package var text: String {
        var text = "# HELP \(name) \(help)\n# TYPE \(name) \(kind.rawValue)\n"
        for sample in samples {
            let label = sample.label.map { "{\($0.name)=\"\(Self.escape($0.value))\"}" } ?? ""
            text += "\(name)\(label) \(Self.number(sample.value))\n"
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

    private static func number(_ value: Double) -> String {
        value.magnitude < 1e15 && value == value.rounded() ? String(Int64(value)) : String(value)
    }
}
