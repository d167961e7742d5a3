package import GloveboxCore
package import GloveboxJobs

/// `POST /projects`: a new project; members are named by account or by its name.
package struct CreateProjectRequest: APIValue {
    /// What is asked for.
    package let project: Project

    /// Asks for a project.
    package init(_ project: Project) { self.project = project }

    package init(json: JSONValue) throws(GloveboxError) {
        var fields = try JSONFields(json, at: "project")
        project = try Project(&fields)
        try fields.finish()
    }

    package var json: JSONValue {
        var object = project.json.object ?? JSONObject()
        object["state"] = nil
        return .object(object)
    }
}

/// `PATCH /projects/{name}`: what shall be another; nil stays as it is.
package struct AmendProjectRequest: APIValue {
    /// What people call it.
    package var title: String?
    /// Its proposal.
    package var proposal: Project.Proposal?
    /// Who takes part from now on, by account or name; a member's roles are replaced.
    package var addMembers: [String: Set<Role>] = [:]
    /// Who no longer does, by account or name.
    package var removeMembers: [String] = []
    /// Datasets that its plans may read from now on.
    package var addDatasets: [String] = []
    /// Those they may no longer read.
    package var removeDatasets: [String] = []
    /// Approvals that its plans need.
    package var planQuorum: Int?
    /// When it ends.
    package var ends: Instant?
    /// Its limits, all of them.
    package var quota: ProjectQuota?

    /// Asks for no change.
    package init() {}

    package init(json: JSONValue) throws(GloveboxError) {
        var fields = try JSONFields(json, at: "amendment")
        title = try fields.optionalString("title")
        proposal = try fields.optional("proposal").map(Project.Proposal.init(json:))
        if let members = fields.optional("add_members") {
            guard let list = members.array else { throw GloveboxError("schema.type", "add_members must be an array") }
            addMembers = try Project.members(in: list)
        }
        removeMembers = try Self.names(&fields, "remove_members")
        addDatasets = try Self.names(&fields, "add_datasets")
        removeDatasets = try Self.names(&fields, "remove_datasets")
        planQuorum = try fields.optional("plan_quorum").map { (json) throws(GloveboxError) in
            guard let number = json.integer else {
                throw GloveboxError("schema.type", "plan_quorum must be an integer")
            }
            return Int(clamping: number)
        }
        ends = try fields.optionalInstant("ends")
        quota = try fields.optional("quota").map(ProjectQuota.init(json:))
        try fields.finish()
    }

    private static func names(_ fields: inout JSONFields, _ name: String) throws(GloveboxError) -> [String] {
        guard let value = fields.optional(name) else { return [] }
        guard let list = value.array, case let names = list.compactMap(\.string), names.count == list.count else {
            throw GloveboxError("schema.type", "\(name) must be an array of strings")
        }
        return names
    }

    package var json: JSONValue {
        var object = JSONObject()
        object["title"] = title.map { .string($0) }
        object["proposal"] = proposal?.json
        if !addMembers.isEmpty {
            object["add_members"] = .array(addMembers.sorted { $0.key < $1.key }.map(Project.member))
        }
        for (name, list) in [
            ("remove_members", removeMembers), ("add_datasets", addDatasets), ("remove_datasets", removeDatasets),
        ] where !list.isEmpty { object[name] = .array(list.map { .string($0) }) }
        object["plan_quorum"] = planQuorum.map { .integer(Int64($0)) }
        object["ends"] = ends.map { .string($0.description) }
        object["quota"] = quota?.json
        return .object(object)
    }
}

/// A project as its reader may see it: `GET /projects/{name}` and the items of `GET /projects`.
package struct ProjectInfo: APIValue {
    /// What was used of a project's limits.
    package struct Used: Sendable, Hashable {
        /// Jobs that ran.
        package var runs: UInt64 = 0
        /// Bytes that were released.
        package var releasedBytes: UInt64 = 0
        /// What answers with noise cost, as zero-concentrated differential privacy in decimal.
        package var rho: String = "0"
        /// The same as epsilon for a delta of 10^-6.
        package var epsilon: String = "0"
        /// Declared seconds of processor time that began within 24 hours.
        package var cpuSeconds: UInt64 = 0
        /// Jobs that run.
        package var concurrent: UInt64 = 0
        /// Jobs that wait to run.
        package var queued: UInt64 = 0

        /// Nothing.
        package init() {}
    }

    /// The project; a researcher is not shown its reviewers.
    package let project: Project
    /// Names of the members shown, by account.
    package let names: [String: String]
    /// How many reviewers it has of its own.
    package let reviewers: Int
    /// Which state of it this is; `If-Match` of a change.
    package let revision: UInt64
    /// What was used.
    package let used: Used

    /// Describes a project.
    package init(_ project: Project, names: [String: String], reviewers: Int, revision: UInt64, used: Used) {
        (self.project, self.names, self.reviewers) = (project, names, reviewers)
        (self.revision, self.used) = (revision, used)
    }

    /// The entity tag of this state.
    package var tag: String { "\"\(revision)\"" }

    package init(json: JSONValue) throws(GloveboxError) {
        var fields = try JSONFields(json, at: "project")
        project = try Project(json: fields.required("project"))
        guard let list = try fields.required("names").object?.members else {
            throw GloveboxError("schema.type", "project.names must be an object")
        }
        var names: [String: String] = [:]
        for member in list {
            guard let name = member.value.string else { throw GloveboxError("schema.type", "a name must be a string") }
            names[member.name] = name
        }
        self.names = names
        reviewers = try fields.count("reviewers")
        revision = try fields.decimal("revision")
        var used = try fields.nested("used")
        var found = Used()
        found.runs = try used.decimal("runs")
        found.releasedBytes = try used.decimal("released_bytes")
        found.rho = try used.string("rho")
        found.epsilon = try used.string("epsilon")
        found.cpuSeconds = try used.decimal("cpu_seconds")
        found.concurrent = try used.decimal("concurrent")
        found.queued = try used.decimal("queued")
        try used.finish()
        self.used = found
        try fields.finish()
    }

    package var json: JSONValue {
        func text(_ number: UInt64) -> JSONValue { .string(String(number)) }
        return [
            "project": project.json,
            "names": .object(JSONObject(names.sorted { $0.key < $1.key }.map { ($0.key, .string($0.value)) })),
            "reviewers": .integer(Int64(reviewers)), "revision": text(revision),
            "used": [
                "runs": text(used.runs), "released_bytes": text(used.releasedBytes), "rho": .string(used.rho),
                "epsilon": .string(used.epsilon), "cpu_seconds": text(used.cpuSeconds),
                "concurrent": text(used.concurrent), "queued": text(used.queued),
            ],
        ]
    }
}
