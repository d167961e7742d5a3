package import GloveboxCore

extension Waiting {
    /// The object of job-backend section 2.1.
    package func json(phase: JobPhase, at now: Instant) -> JSONValue { json(phase: phase, message: message(at: now)) }

    /// The same object with a sentence that was made before.
    package func json(phase: JobPhase, message: String) -> JSONValue {
        var object = JSONObject([
            ("phase", .string(phase.rawValue)), ("code", .string(code.rawValue)),
            ("since", .string(since.description)), ("message", .string(message)),
            ("waiting_on", .array(waitingOn.map(\.json))),
        ])
        if let deadline { object["deadline"] = .string(deadline.description) }
        return .object(object)
    }

    /// Reads what ``json(phase:at:)`` writes; phase and message are not kept.
    ///
    /// - Throws: `schema.missing-field`, `schema.type`, `schema.unknown-field`.
    package init(json: JSONValue) throws(GloveboxError) {
        var fields = try JSONFields(json, at: "waiting")
        _ = try fields.string("phase")
        _ = try fields.string("message")
        let code: Code = try fields.choice("code")
        let since = try fields.instant("since")
        let deadline = try fields.optionalInstant("deadline")
        var parties: [Party] = []
        for value in try fields.array("waiting_on") { parties.append(try Party(json: value)) }
        try fields.finish()
        self.init(code, since: since, deadline: deadline, on: parties)
    }
}

extension Waiting.Party {
    /// One element of `waiting_on`.
    package var json: JSONValue {
        switch self {
        case .role(let role, let need, let have):
            [
                "kind": "role", "role": .string(role.rawValue), "need": .integer(Int64(need)),
                "have": .integer(Int64(have)),
            ]
        case .datasetOwner(let dataset, let need, let have):
            [
                "kind": "dataset_owner", "dataset": .string(dataset), "need": .integer(Int64(need)),
                "have": .integer(Int64(have)),
            ]
        case .submitter: ["kind": "submitter"]
        case .place(let place): ["kind": "place", "place": .integer(Int64(place))]
        case .witness(let name): ["kind": "witness", "witness": .string(name)]
        case .cluster(let name, let job, let reason):
            ["kind": "cluster", "cluster": .string(name), "job": .string(job), "reason": .string(reason)]
        case .isolation(let nodes):
            [
                "kind": "isolation",
                "nodes": .array(
                    nodes.map { ["node": .string($0.node), "lacks": .array($0.lacks.map { .string($0) })] }
                ),
            ]
        }
    }

    /// Reads what ``json`` writes.
    ///
    /// - Throws: `schema.missing-field`, `schema.type`, `schema.unknown-field`.
    package init(json: JSONValue) throws(GloveboxError) {
        var fields = try JSONFields(json, at: "waiting_on")
        let kind = try fields.string("kind")
        switch kind {
        case "role":
            let role = try Role(reading: try fields.string("role"))
            self = .role(role, need: try fields.count("need"), have: try fields.count("have"))
        case "dataset_owner":
            self = .datasetOwner(
                try fields.string("dataset"),
                need: try fields.count("need"),
                have: try fields.count("have")
            )
        case "submitter": self = .submitter
        case "place": self = .place(try fields.count("place"))
        case "witness": self = .witness(try fields.string("witness"))
        case "cluster":
            let name = try fields.string("cluster")
            self = .cluster(name, job: try fields.string("job"), reason: try fields.string("reason"))
        case "isolation":
            var nodes: [Waiting.Shortcoming] = []
            for value in try fields.array("nodes") {
                var node = try JSONFields(value, at: "waiting_on.nodes")
                nodes.append(Waiting.Shortcoming(node: try node.string("node"), lacks: try node.strings("lacks")))
                try node.finish()
            }
            self = .isolation(nodes)
        default: throw GloveboxError("schema.type", "waiting_on.kind is not known: \(Display.escape(kind))")
        }
        try fields.finish()
    }
}
