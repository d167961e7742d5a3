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
    /// What will be wrong if nobody does something; nil when there is nothing to tell.
    package let notice: String?

    /// Describes a condition.
    package init(_ name: String, problem: String? = nil, notice: String? = nil) {
        self.name = name
        self.problem = problem
        self.notice = notice
    }

    /// The check as `{"name","ok","problem"}`, and `notice` where there is one.
    package var json: JSONValue {
        var object = JSONObject([
            ("name", .string(name)), ("ok", .bool(problem == nil)), ("problem", problem.map { .string($0) } ?? .null),
        ])
        object["notice"] = notice.map { .string($0) }
        return .object(object)
    }
}
