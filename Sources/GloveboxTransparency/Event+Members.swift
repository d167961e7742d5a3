internal import GloveboxCore

/// What OCSF classes require beyond what stands in every event.
private struct ClassAttributes: OptionSet {
    let rawValue: UInt16

    static let actor = ClassAttributes(rawValue: 1 << 0)
    static let api = ClassAttributes(rawValue: 1 << 1)
    static let app = ClassAttributes(rawValue: 1 << 2)
    static let compliance = ClassAttributes(rawValue: 1 << 3)
    static let databucket = ClassAttributes(rawValue: 1 << 4)
    static let device = ClassAttributes(rawValue: 1 << 5)
    static let entity = ClassAttributes(rawValue: 1 << 6)
    static let file = ClassAttributes(rawValue: 1 << 7)
    static let finding = ClassAttributes(rawValue: 1 << 8)
    static let job = ClassAttributes(rawValue: 1 << 9)
    static let logName = ClassAttributes(rawValue: 1 << 10)
    static let privileges = ClassAttributes(rawValue: 1 << 11)
    static let process = ClassAttributes(rawValue: 1 << 12)
    static let service = ClassAttributes(rawValue: 1 << 13)
    static let source = ClassAttributes(rawValue: 1 << 14)
    static let user = ClassAttributes(rawValue: 1 << 15)

    init(rawValue: UInt16) { self.rawValue = rawValue }

    init(classUID: Int64) {
        self =
            switch classUID {
            case 1006: [.device, .job]
            case 1007: [.actor, .device, .process]
            case 1008: .logName
            case 2003: [.finding, .compliance]
            case 2004: .finding
            case 3001: .user
            case 3002: [.user, .service]
            case 3003, 3005: [.user, .privileges]
            case 3004: .entity
            case 5002, 5019: .device
            case 6002: .app
            case 6003: [.actor, .source, .api]
            case 6005: [.actor, .source, .databucket]
            default: [.actor, .source, .file]
            }
    }
}

/// The members of a leaf, written in canonical order from ids, pseudonyms, constants and the caller's fields.
extension Event {
    /// The OCSF version leaves are written in.
    static let schema = "1.8.0"
    private static let product = "Glovebox"
    /// The member under which the pseudonym of an idempotency key stands.
    package static let idempotencyKeyName = idempotencyKeyMember.description
    private static let idempotencyKeyMember: StaticString = "idempotencyKey"
    /// The names beside which a caller's fields stand.
    private static let ownNames: Set<String> = [
        "actor", "authMethod", "bodyCommit", "bootId", "config", "dataset", "event", idempotencyKeyName, "job",
        "monoNs", "origin", "output", "prevJobEvent", "project", "reportLeaf", "source", "supervisor", "v",
    ]

    /// The members of the event itself.
    func writeMembers(
        to leaf: inout LeafWriter,
        uid: String,
        time: Instant,
        commitment: Digest,
        monotonic: Int64,
        context: EventContext
    ) throws(GloveboxError) {
        let ocsf = kind.ocsf
        let required = ClassAttributes(classUID: ocsf.classUID)
        let thing = job ?? project ?? context.datasite
        let actor = actorName(context)

        leaf.begin()
        leaf.member("activity_id", ocsf.activity)
        if ocsf.activity == 99 { leaf.member("activity_name", kind.rawValue) }
        if required.contains(.actor) {
            leaf.begin("actor")
            leaf.object("user", "uid", actor)
            leaf.end()
        }
        if required.contains(.api) { leaf.object("api", "operation", kind.rawValue) }
        if required.contains(.app) { leaf.object("app", "name", Self.product) }
        leaf.member("category_uid", ocsf.classUID / 1000)
        leaf.member("class_uid", ocsf.classUID)
        if required.contains(.compliance) {
            leaf.begin("compliance")
            leaf.member("control", statusCode)
            leaf.member("status_id", 3)
            leaf.end()
        }
        if required.contains(.databucket) { leaf.typed("databucket", 99, "uid", dataset ?? thing) }
        if required.contains(.device) { leaf.typed("device", 1, "uid", context.datasite) }
        if required.contains(.entity) { leaf.object("entity", "uid", entity ?? output ?? dataset ?? thing) }
        if required.contains(.file) {
            leaf.begin("file")
            leaf.member("name", output ?? thing)
            leaf.member("type_id", 1)
            leaf.end()
        }
        if required.contains(.finding) { leaf.object("finding_info", "uid", uid) }
        if required.contains(.job) { leaf.object("job", "name", thing) }
        if required.contains(.logName) { leaf.member("log_name", context.origin) }
        writeMetadata(to: &leaf, uid: uid, correlated: thing, context)
        if required.contains(.privileges) { leaf.list("privileges", kind.rawValue) }
        if required.contains(.process) { leaf.object("process", "uid", thing) }
        if required.contains(.service) { leaf.object("service", "name", Self.product) }
        leaf.member("severity_id", severity.rawValue)
        if required.contains(.source) {
            leaf.object("src_endpoint", "uid", context.pseudonyms[source ?? "local"])
        }
        leaf.member("status_code", statusCode)
        leaf.member("status_id", failed ? 2 : 1)
        leaf.member("time", time.milliseconds)
        leaf.member("type_uid", ocsf.classUID * 100 + ocsf.activity)
        leaf.begin("unmapped")
        leaf.begin("glovebox")
        try writeOwn(to: &leaf, actor: actor, commitment: commitment, monotonic: monotonic, context)
        leaf.end()
        leaf.end()
        if required.contains(.user) { leaf.object("user", "uid", user.map { context.pseudonyms[$0] } ?? actor) }
        leaf.end()
    }

    private func writeMetadata(to leaf: inout LeafWriter, uid: String, correlated: String, _ context: EventContext) {
        leaf.begin("metadata")
        leaf.member("correlation_uid", correlated)
        leaf.begin("product")
        leaf.member("name", Self.product)
        leaf.member("vendor_name", Self.product)
        leaf.member("version", context.version)
        leaf.end()
        leaf.leave(.sequence, "sequence")
        leaf.member("uid", uid)
        leaf.member("version", Self.schema)
        leaf.end()
    }

    /// The members of `unmapped.glovebox`.
    private func writeOwn(
        to leaf: inout LeafWriter,
        actor: String,
        commitment: Digest,
        monotonic: Int64,
        _ context: EventContext
    ) throws(GloveboxError) {
        var others = try sortedFields()[...]
        /// Begins the next own member behind those of the caller's that stand before it.
        func own(_ name: StaticString) -> StaticString {
            while let (other, value) = others.first,
                name.withUTF8Buffer({ unsafe other.utf8.lexicographicallyPrecedes($0) })
            {
                leaf.member(given: other, value)
                others.removeFirst()
            }
            return name
        }
        leaf.member(own("actor"), actor)
        leaf.member(own("authMethod"), authMethod)
        leaf.member(own("bodyCommit"), commitment)
        leaf.member(own("bootId"), context.bootID)
        leaf.member(own("config"), context.config)
        if let dataset { leaf.member(own("dataset"), dataset) }
        leaf.member(own("event"), kind.rawValue)
        if let idempotencyKey {
            leaf.member(own(Self.idempotencyKeyMember), Pseudonym.make(idempotencyKey, root: context.pseudonymKey))
        }
        if let job { leaf.member(own("job"), job) }
        leaf.member(own("monoNs"), String(monotonic))
        leaf.member(own("origin"), context.origin)
        if let output { leaf.member(own("output"), output) }
        if job != nil { leaf.leave(.previousOfJob, own("prevJobEvent")) }
        if let project { leaf.member(own("project"), project) }
        if kind == .attestationIssued { leaf.leave(.reportLeaf, own("reportLeaf")) }
        if let source { leaf.member(own("source"), context.pseudonyms[source]) }
        leaf.member(own("supervisor"), context.supervisor)
        leaf.member(own("v"), "1")
        for (other, value) in others { leaf.member(given: other, value) }
    }

    /// The caller's fields in canonical order.
    ///
    /// Names that are not ASCII stand anywhere: no leaf takes them.
    private func sortedFields() throws(GloveboxError) -> [(String, JSONValue)] {
        let sorted = fields.sorted { $0.0.utf8.lexicographicallyPrecedes($1.0.utf8) }
        for (at, (name, _)) in sorted.enumerated() {
            guard !Self.ownNames.contains(name), at == 0 || !sorted[at - 1].0.utf8.elementsEqual(name.utf8) else {
                throw GloveboxError("log.schema", "field \(name) of \(kind.rawValue) is taken")
            }
        }
        return sorted
    }

    /// Who did it, as a pseudonym; a policy's digest stands as it is.
    private func actorName(_ context: EventContext) -> String {
        let who = actor ?? "supervisor"
        return Digest(named: who) != nil ? who : context.pseudonyms[who]
    }
}
