package import GloveboxCore

extension Project {
    /// The form of journal and API.
    package var json: JSONValue {
        var object = JSONObject([
            ("name", .string(name)), ("title", .string(title)), ("proposal", proposal.json),
            ("members", .array(members.sorted { $0.key < $1.key }.map(Self.member))),
            ("datasets", .array(datasets.sorted().map { .string($0) })), ("quota", quota.json),
            ("state", .string(state.rawValue)),
        ])
        object["plan_quorum"] = planQuorum.map { .integer(Int64($0)) }
        object["starts"] = starts.map { .string($0.description) }
        object["ends"] = ends.map { .string($0.description) }
        return .object(object)
    }

    /// Reads ``json``.
    ///
    /// - Throws: `schema.*`, and what ``check()`` throws.
    package init(json: JSONValue) throws(GloveboxError) {
        var fields = try JSONFields(json, at: "project")
        let state: State = try fields.choice("state")
        try self.init(&fields)
        self.state = state
        try fields.finish()
    }

    /// Takes everything but the state.
    ///
    /// - Throws: `schema.*`, and what ``check()`` throws.
    package init(_ fields: inout JSONFields) throws(GloveboxError) {
        let name = try fields.string("name")
        guard Identifier.isName(name) else {
            throw GloveboxError("schema.type", "\(Display.escape(name)) is no name of a project")
        }
        try self.init(
            name: name,
            title: fields.string("title"),
            proposal: Proposal(json: fields.required("proposal")),
            members: Self.members(in: fields.array("members")),
            datasets: Set(fields.strings("datasets")),
            planQuorum: fields.optional("plan_quorum").map { (json) throws(GloveboxError) in
                guard let number = json.integer else {
                    throw GloveboxError("schema.type", "project.plan_quorum must be an integer")
                }
                return Int(clamping: number)
            },
            starts: fields.optionalInstant("starts"),
            ends: fields.optionalInstant("ends"),
            quota: ProjectQuota(json: fields.required("quota"))
        )
    }

    /// One member's form.
    package static func member(_ account: String, _ roles: Set<Role>) -> JSONValue {
        ["account": .string(account), "roles": .array(roles.names.map { .string($0) })]
    }

    /// Reads a list of ``member(_:_:)``.
    ///
    /// - Throws: `schema.*`, `request.invalid` for an account that is named twice.
    package static func members(in list: [JSONValue]) throws(GloveboxError) -> [String: Set<Role>] {
        var members: [String: Set<Role>] = [:]
        for json in list {
            var fields = try JSONFields(json, at: "member")
            let account = try fields.string("account")
            var roles: Set<Role> = []
            for name in try fields.strings("roles") { roles.insert(try Role(reading: name)) }
            try fields.finish()
            guard members.updateValue(roles, forKey: account) == nil else {
                throw GloveboxError("request.invalid", "\(Display.escape(account)) is named twice")
            }
        }
        return members
    }
}

extension Project.Proposal {
    /// The form of journal and API.
    package var json: JSONValue {
        var object = JSONObject([
            ("purpose", .string(purpose)), ("variables", .array(variables.map { .string($0) })),
            ("outputs", .array(outputs.map { .string($0) })),
        ])
        object["purpose_code"] = code.map { .string($0) }
        return .object(object)
    }

    /// Reads ``json``.
    ///
    /// - Throws: `schema.*`.
    package init(json: JSONValue) throws(GloveboxError) {
        var fields = try JSONFields(json, at: "proposal")
        self.init(
            purpose: try fields.string("purpose"),
            code: try fields.optionalString("purpose_code"),
            variables: try fields.strings("variables"),
            outputs: try fields.strings("outputs")
        )
        try fields.finish()
    }
}

extension ProjectQuota {
    /// The form of journal and API: limits that there are, as decimal strings.
    package var json: JSONValue {
        let limits = [
            ("runs", runs), ("released_bytes", releasedBytes), ("cpu_seconds_per_day", cpuSecondsPerDay),
            ("concurrent", concurrent), ("queued", queued),
        ]
        var object = JSONObject(limits.compactMap { name, limit in limit.map { (name, .string(String($0))) } })
        object["rho"] = rho.map { .string($0) }
        return .object(object)
    }

    /// Reads ``json``.
    ///
    /// - Throws: `schema.*`.
    package init(json: JSONValue) throws(GloveboxError) {
        var fields = try JSONFields(json, at: "quota")
        func limit(_ name: String) throws(GloveboxError) -> Int64? {
            guard let text = try fields.optionalString(name) else { return nil }
            guard let number = Int64(text), String(number).utf8.elementsEqual(text.utf8), number >= 0 else {
                throw GloveboxError("schema.type", "quota.\(name) must be a decimal string")
            }
            return number
        }
        self.init()
        runs = try limit("runs")
        releasedBytes = try limit("released_bytes")
        cpuSecondsPerDay = try limit("cpu_seconds_per_day")
        concurrent = try limit("concurrent")
        queued = try limit("queued")
        rho = try fields.optionalString("rho")
        try fields.finish()
    }
}
