internal import GloveboxCore

/// What each event must look like in a leaf.
///
/// Source: transparency-log specification, section 8. Members that are neither named here nor in
/// ``EventKind/publicFields`` are refused.
struct EventSchema: Sendable {
    private static let shapes: [String: LeafShape] = Dictionary(
        uniqueKeysWithValues: EventKind.allCases.map { ($0.rawValue, shape($0)) }
    )
    private static let unmapped = Array("unmapped".utf8)
    private static let glovebox = Array("glovebox".utf8)
    private static let event = Array("event".utf8)
    private static let origin = Array("origin".utf8)
    private static let metadata = Array("metadata".utf8)
    private static let sequence = Array("sequence".utf8)

    /// The forms of all kinds of events by their names, for readers in another language: see ``LeafShape/json``.
    static var forms: JSONValue {
        .object(JSONObject(shapes.map { ($0.key, $0.value.json) }))
    }

    /// The log's name, which stands in every event.
    private let name: [UInt8]

    init(origin: String) { name = Array(origin.utf8) }

    /// Checks an event at its place in the log, and returns the node of its fields.
    ///
    /// - Throws: `log.schema`; `log.origin` and `log.sequence` for an event of another log or place.
    func check(_ json: PlainJSON, index: UInt64) throws(GloveboxError) -> Int {
        guard let unmapped = json.member(Self.unmapped, of: 0), let fields = json.member(Self.glovebox, of: unmapped),
            let event = json.member(Self.event, of: fields).flatMap(json.text)
        else { throw Self.refused("has no name in unmapped.glovebox.event") }
        guard let shape = Self.shapes[event] else {
            throw GloveboxError(
                "log.schema",
                "an event is called \(Display.escape(event)), which this program does not know",
                hint: "A newer glovebox may."
            )
        }
        if let fault = shape.fault(json, 0) { throw Self.refused("\(event): the leaf \(fault)") }
        if let fault = PublicText.fault(json) { throw Self.refused("\(event): \(fault)") }
        guard json.member(Self.origin, of: fields).map({ json.isText($0, name) }) == true else {
            throw GloveboxError("log.origin", "an event names another log as its origin")
        }
        let sequence = json.member(Self.metadata, of: 0).flatMap { json.member(Self.sequence, of: $0) }
        guard sequence.flatMap(json.integer) == Int64(exactly: index) else {
            throw GloveboxError("log.sequence", "metadata.sequence is not the event's index")
        }
        return fields
    }

    private static func refused(_ what: String) -> GloveboxError { GloveboxError("log.schema", "an event \(what)") }

    private static let pseudonym = LeafShape.digest(after: [Array("hmac-sha256:".utf8), Array("sha256:".utf8)])
    private static let uid = LeafShape.object(["uid": .text])
    private static let user = LeafShape.object(["uid": pseudonym])
    private static let product = "Glovebox"

    private static func shape(_ kind: EventKind) -> LeafShape {
        let ocsf = kind.ocsf
        let fields = LeafShape.object(
            [
                "v": .constant("1"), "event": .constant(kind.rawValue), "origin": .text, "monoNs": .decimal,
                "bootId": .text, "supervisor": .digest(after: [[]]), "config": .digest(after: [[]]),
                "actor": pseudonym, "authMethod": .text, "bodyCommit": .digest(after: [[]]),
            ],
            optional: [
                "source": pseudonym, "job": .text, "project": .text, "dataset": .text, "output": .text,
                "prevJobEvent": .decimal,
            ]
        )
        let own = LeafShape.texts(named: kind.publicFields + Event.commonFields)
        let common = LeafShape.object([
            "activity_id": .constant(ocsf.activity), "class_uid": .constant(ocsf.classUID),
            "category_uid": .constant(ocsf.classUID / 1000),
            "type_uid": .constant(ocsf.classUID * 100 + ocsf.activity), "time": .number(0...9_007_199_254_740_991),
            "severity_id": .number(1...5), "status_id": .number(1...2), "status_code": .text,
            "metadata": .object([
                "product": .object(["name": .constant(product), "vendor_name": .constant(product), "version": .text]),
                "version": .constant(Event.schema), "uid": .text, "sequence": .number(0...9_007_199_254_740_991),
                "correlation_uid": .text,
            ]),
            "unmapped": .object(["glovebox": .union([fields, own])]),
        ])
        let named: LeafShape = .object(ocsf.activity == 99 ? ["activity_name": .constant(kind.rawValue)] : [:])
        return .union([common, named, attributes(kind)])
    }

    /// The attributes that the event's OCSF class requires.
    private static func attributes(_ kind: EventKind) -> LeafShape {
        let actor = LeafShape.object(["user": user])
        let device = LeafShape.object(["type_id": .constant(1), "uid": .text])
        let source = LeafShape.object(["uid": pseudonym])
        return switch kind.ocsf.classUID {
        case 1006: .object(["device": device, "job": .object(["name": .text])])
        case 1007: .object(["actor": actor, "device": device, "process": uid])
        case 1008: .object(["log_name": .text])
        case 2003:
            .object(["finding_info": uid, "compliance": .object(["control": .text, "status_id": .constant(3)])])
        case 2004: .object(["finding_info": uid])
        case 3001: .object(["user": user])
        case 3002: .object(["user": user, "service": .object(["name": .constant(product)])])
        case 3003, 3005: .object(["user": user, "privileges": .texts])
        case 3004: .object(["entity": uid])
        case 5002, 5019: .object(["device": device])
        case 6002: .object(["app": .object(["name": .constant(product)])])
        case 6003:
            .object([
                "actor": actor, "src_endpoint": source, "api": .object(["operation": .constant(kind.rawValue)]),
            ])
        case 6005:
            .object([
                "actor": actor, "src_endpoint": source,
                "databucket": .object(["type_id": .constant(99), "uid": .text]),
            ])
        default:
            .object([
                "actor": actor, "src_endpoint": source, "file": .object(["name": .text, "type_id": .constant(1)]),
            ])
        }
    }
}

extension LeafShape {
    /// One closed object with the members of several.
    fileprivate static func union(_ shapes: [LeafShape]) -> LeafShape {
        var all: [Member] = []
        for shape in shapes {
            if case .object(let members) = shape { all += members }
        }
        return .object(all.sorted { $0.name.lexicographicallyPrecedes($1.name) })
    }
}
