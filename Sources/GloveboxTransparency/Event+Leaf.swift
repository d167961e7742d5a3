package import GloveboxCore

extension Event {
    /// The OCSF version leaves are written in.
    static let schema = "1.8.0"
    private static let product = "Glovebox"
    /// The private fields that ``leaf(at:context:using:)`` adds where the leaf rounds.
    package static let ownBodyFields: Set<String> = ["time", "monoNs"]

    /// Writes the event for its place: the public leaf, and the private body that the leaf commits to.
    ///
    /// - Throws: `log.schema` for a public value that is no id, digest, code or number, or a field name that is taken;
    ///   `log.leaf-not-canonical` for a leaf that is too long; `log.unpaired-report` for an `attestation.issued` that
    ///   nothing stands before.
    package func leaf(
        at place: EventPlace,
        context: EventContext,
        using random: inout some RandomNumberGenerator
    ) throws(GloveboxError) -> (leaf: [UInt8], body: [UInt8]) {
        guard kind != .attestationIssued || place.index > 0 else {
            throw GloveboxError("log.unpaired-report", "attestation.issued stands behind its report")
        }
        let template = try template(at: place.time, monotonic: place.monotonic, context: context, using: &random)
        return (template.leaf(index: place.index, previousOfJob: place.previousOfJob), template.body)
    }

    /// Writes the event as far as that can be done before its place is known.
    ///
    /// - Parameters:
    ///   - wall: the wall clock.
    ///   - monotonic: the monotonic clock, in nanoseconds.
    ///   - context: what stands in every event.
    ///   - random: where salts come from.
    /// - Returns: the leaf without its place, and its private body.
    /// - Throws: as ``leaf(at:context:using:)``.
    package func template(
        at wall: Instant,
        monotonic: UInt64,
        context: EventContext,
        using random: inout some RandomNumberGenerator
    ) throws(GloveboxError) -> LeafTemplate {
        let time = Instant(milliseconds: Self.roundUp(wall.milliseconds, to: timeStep))
        let step = timeStep > 1 ? timeStep * 1_000_000 : 1
        let rounded = Self.roundUp(Int64(clamping: min(monotonic, 1 << 62)), to: step)
        var privateFields = body
        if timeStep > 1 {
            privateFields.append(("time", .integer(wall.milliseconds)))
            privateFields.append(("monoNs", .string(String(monotonic))))
        }
        let sealed = EventBody(privateFields, using: &random)
        let uid = Identifier.uuidText(Identifier.uuid7(at: time, random: EventBody.draw(10, using: &random)))
        let people = people(context)

        var glovebox = JSONObject([
            // In canonical order, which saves moving them.
            ("actor", .string(people.actor)), ("authMethod", .string(authMethod)),
            ("bodyCommit", .string(sealed.commitment.hex)), ("bootId", .string(context.bootID)),
            ("config", .string(context.config.hex)), ("event", .string(kind.rawValue)),
            ("monoNs", .string(String(rounded))), ("origin", .string(context.origin)),
            ("supervisor", .string(context.supervisor.hex)), ("v", "1"),
        ])
        glovebox["source"] = source.map { .string(context.pseudonyms[$0]) }
        glovebox["job"] = job.map(JSONValue.string)
        glovebox["project"] = project.map(JSONValue.string)
        glovebox["dataset"] = dataset.map(JSONValue.string)
        glovebox["output"] = output.map(JSONValue.string)
        glovebox[Self.idempotencyKeyName] = idempotencyKey.map {
            .string(Pseudonym.make($0, root: context.pseudonymKey))
        }
        for (name, value) in fields {
            guard glovebox[name] == nil, !Self.reserved.contains(name) else {
                throw GloveboxError("log.schema", "field \(name) of \(kind.rawValue) is taken")
            }
            glovebox[name] = value
        }
        var holes: Set<LeafTemplate.Hole> = [.sequence]
        if job != nil {
            glovebox["prevJobEvent"] = LeafTemplate.Hole.previousOfJob.mark
            holes.insert(.previousOfJob)
        }
        if kind == .attestationIssued {
            glovebox["reportLeaf"] = LeafTemplate.Hole.reportLeaf.mark
            holes.insert(.reportLeaf)
        }

        let ocsf = kind.ocsf
        var leaf = JSONObject([
            ("activity_id", .integer(ocsf.activity)), ("category_uid", .integer(ocsf.classUID / 1000)),
            ("class_uid", .integer(ocsf.classUID)),
            (
                "metadata",
                [
                    "correlation_uid": .string(job ?? project ?? context.datasite),
                    "product": [
                        "name": .string(Self.product), "vendor_name": .string(Self.product),
                        "version": .string(context.version),
                    ],
                    "sequence": LeafTemplate.Hole.sequence.mark, "uid": .string(uid),
                    "version": .string(Self.schema),
                ]
            ),
            ("severity_id", .integer(severity.rawValue)), ("status_code", .string(statusCode)),
            ("status_id", failed ? 2 : 1), ("time", .integer(time.milliseconds)),
            ("type_uid", .integer(ocsf.classUID * 100 + ocsf.activity)),
            ("unmapped", ["glovebox": .object(glovebox)]),
        ])
        if ocsf.activity == 99 { leaf["activity_name"] = .string(kind.rawValue) }
        for (name, value) in classAttributes(people, uid: uid, context: context) { leaf[name] = value }
        return try LeafTemplate(marked: leaf, with: holes, body: sealed.bytes, kind: kind)
    }

    /// The member under which the pseudonym of an idempotency key stands.
    package static let idempotencyKeyName = "idempotencyKey"
    private static let reserved: Set<String> = [
        "source", "job", "project", "dataset", "output", "prevJobEvent", "reportLeaf", idempotencyKeyName,
    ]

    private struct People {
        let actor: String
        let user: String
        let source: String
    }

    private func people(_ context: EventContext) -> People {
        func pseudonym(_ identifier: String) -> String { context.pseudonyms[identifier] }
        let who = actor ?? "supervisor"
        let actor = Digest(named: who) != nil ? who : pseudonym(who)
        return People(actor: actor, user: user.map(pseudonym) ?? actor, source: pseudonym(source ?? "local"))
    }

    /// The attributes that the event's OCSF class requires, from ids, pseudonyms and constants.
    private func classAttributes(_ people: People, uid: String, context: EventContext) -> [(String, JSONValue)] {
        let actor: (String, JSONValue) = ("actor", ["user": ["uid": .string(people.actor)]])
        let user: (String, JSONValue) = ("user", ["uid": .string(people.user)])
        let device: (String, JSONValue) = ("device", ["type_id": 1, "uid": .string(context.datasite)])
        let source: (String, JSONValue) = ("src_endpoint", ["uid": .string(people.source)])
        let finding: (String, JSONValue) = ("finding_info", ["uid": .string(uid)])
        let privileges: (String, JSONValue) = ("privileges", [.string(kind.rawValue)])
        let thing = job ?? project ?? context.datasite
        return switch kind.ocsf.classUID {
        case 1006: [device, ("job", ["name": .string(thing)])]
        case 1007: [actor, device, ("process", ["uid": .string(thing)])]
        case 1008: [("log_name", .string(context.origin))]
        case 2003: [finding, ("compliance", ["control": .string(statusCode), "status_id": 3])]
        case 2004: [finding]
        case 3001: [user]
        case 3002: [user, ("service", ["name": .string(Self.product)])]
        case 3003, 3005: [user, privileges]
        case 3004: [("entity", ["uid": .string(entity ?? output ?? dataset ?? thing)])]
        case 5002, 5019: [device]
        case 6002: [("app", ["name": .string(Self.product)])]
        case 6003: [actor, source, ("api", ["operation": .string(kind.rawValue)])]
        case 6005: [actor, source, ("databucket", ["type_id": 99, "uid": .string(dataset ?? thing)])]
        default: [actor, source, ("file", ["name": .string(output ?? thing), "type_id": 1])]
        }
    }

    private static func roundUp(_ value: Int64, to step: Int64) -> Int64 {
        let rest = value % step
        return rest == 0 ? value : value - rest + step
    }
}
