package import GloveboxCore
internal import GloveboxJobs

/// What a project or a dataset has used of its limits: an item of `GET /budgets`.
package struct BudgetInfo: APIValue {
    /// A limit and what was used of it, in decimal.
    package struct Amount: Sendable, Hashable {
        /// What was used.
        package let used: String
        /// The limit; nil where there is none.
        package let limit: String?

        /// Describes a use.
        package init(used: String, limit: String?) { (self.used, self.limit) = (used, limit) }

        fileprivate init(_ fields: inout JSONFields) throws(GloveboxError) {
            used = try fields.string("used")
            limit = try fields.optionalString("limit")
            try fields.finish()
        }

        fileprivate var json: JSONValue {
            .object(JSONObject([("used", .string(used))] + (limit.map { [("limit", .string($0))] } ?? [])))
        }
    }

    /// Whose it is.
    package enum Holder: Sendable, Hashable {
        case project(String)
        case dataset(String)
    }

    /// Whose it is.
    package let holder: Holder
    /// Jobs that ever ran; nil for a dataset.
    package let runs: Amount?
    /// Bytes that were ever released; nil for a dataset.
    package let releasedBytes: Amount?
    /// What answers with noise cost, as zero-concentrated differential privacy: of a dataset, to all projects together and
    /// with every dataset that shares its units.
    package let rho: Amount
    /// The same as epsilon for a delta of 10^-6.
    package let epsilon: String
    /// How much each output policy with a budget lets be spent on a dataset.
    package let policies: [String: String]

    /// Describes a project's use.
    package init(project: String, runs: Amount, releasedBytes: Amount, rho: Amount, epsilon: String) {
        holder = .project(project)
        (self.runs, self.releasedBytes, self.rho, self.epsilon) = (runs, releasedBytes, rho, epsilon)
        policies = [:]
    }

    /// Describes a dataset's use.
    package init(dataset: String, rho: String, epsilon: String, policies: [String: String]) {
        holder = .dataset(dataset)
        (runs, releasedBytes) = (nil, nil)
        self.rho = Amount(used: rho, limit: nil)
        (self.epsilon, self.policies) = (epsilon, policies)
    }

    package init(json: JSONValue) throws(GloveboxError) {
        var fields = try JSONFields(json, at: "budget")
        switch (try fields.optionalString("project"), try fields.optionalString("dataset")) {
        case (let project?, nil): holder = .project(project)
        case (nil, let dataset?): holder = .dataset(dataset)
        default: throw GloveboxError("schema.type", "a budget is of a project or of a dataset")
        }
        runs = try Self.amount(&fields, "runs")
        releasedBytes = try Self.amount(&fields, "released_bytes")
        var rho = try fields.nested("rho")
        self.rho = try Amount(&rho)
        epsilon = try fields.string("epsilon")
        var policies: [String: String] = [:]
        for member in fields.optional("policies")?.object?.members ?? [] {
            guard let limit = member.value.string else {
                throw GloveboxError("schema.type", "a limit must be a string")
            }
            policies[member.name] = limit
        }
        self.policies = policies
        try fields.finish()
    }

    private static func amount(_ fields: inout JSONFields, _ name: String) throws(GloveboxError) -> Amount? {
        try fields.optional(name).map { (json) throws(GloveboxError) in
            var fields = try JSONFields(json, at: name)
            return try Amount(&fields)
        }
    }

    package var json: JSONValue {
        var object = JSONObject()
        switch holder {
        case .project(let name): object["project"] = .string(name)
        case .dataset(let name): object["dataset"] = .string(name)
        }
        object["runs"] = runs?.json
        object["released_bytes"] = releasedBytes?.json
        object["rho"] = rho.json
        object["epsilon"] = .string(epsilon)
        if !policies.isEmpty {
            let limits = policies.sorted { $0.key < $1.key }.map { ($0.key, JSONValue.string($0.value)) }
            object["policies"] = .object(JSONObject(limits))
        }
        return .object(object)
    }
}
