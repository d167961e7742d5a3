package import GloveboxCore

/// An event as its public leaf tells it.
///
/// Source: transparency-log specification, section 8.
package struct PublicEvent: Sendable {
    /// The leaf's index.
    package let index: UInt64
    /// What happened.
    package let kind: EventKind
    /// When, by the wall clock; rounded up where the policy says so.
    package let time: Instant
    /// When, in nanoseconds since the machine started.
    package let monotonic: UInt64
    /// The run of the machine that ``monotonic`` counts from.
    package let bootID: String
    /// Who did it: a pseudonym or a policy's digest.
    package let actor: String
    /// The account acted upon, a pseudonym; nil when the event's class has none.
    package let user: String?
    /// The job it belongs to.
    package let job: String?
    /// The project it belongs to.
    package let project: String?
    /// The dataset it touches.
    package let dataset: String?
    /// The output it touches.
    package let output: String?
    /// The index of the previous event of the same job.
    package let previousOfJob: UInt64?
    /// What the private body must match.
    package let bodyCommit: Digest
    /// `ok`, or the reason code.
    package let statusCode: String
    /// Whether it is a failure.
    package let failed: Bool
    private let fields: JSONValue

    /// The fields that this kind of event has of its own, in the order of their names.
    package var details: [(name: String, value: String)] {
        var out: [(name: String, value: String)] = []
        for member in fields.object?.members ?? [] where !Self.common.contains(member.name) {
            out.append(
                (
                    member.name,
                    member.value.string ?? String(decoding: CanonicalJSON.encode(member.value), as: UTF8.self)
                )
            )
        }
        return out
    }

    /// What every event may have.
    private static let common: Set<String> = [
        "v", "event", "origin", "monoNs", "bootId", "supervisor", "config", "actor", "authMethod", "source", "job",
        "project", "dataset", "output", "prevJobEvent", "bodyCommit",
    ]

    /// Reads the leaf of an event.
    ///
    /// - Throws: `log.schema` for a leaf that lacks a member or has one of another type, or an unknown event.
    package init(_ leaf: JSONValue, at index: UInt64) throws(GloveboxError) {
        func refused(_ what: String) -> GloveboxError {
            GloveboxError("log.schema", "entry \(index) is an event \(what)")
        }
        guard let own = leaf["unmapped"]?["glovebox"], let name = own["event"]?.string else {
            throw refused("without unmapped.glovebox.event")
        }
        guard let kind = EventKind(rawValue: name) else { throw refused("of unknown name \(Display.escape(name))") }
        guard let time = leaf["time"]?.integer, let status = leaf["status_id"]?.integer,
            let statusCode = leaf["status_code"]?.string, let actor = own["actor"]?.string,
            let bootID = own["bootId"]?.string, let bodyCommit = own["bodyCommit"]?.string.flatMap(Digest.init(hex:)),
            let monotonic = own["monoNs"]?.string.flatMap({ Decimal.read($0.utf8) })
        else { throw refused("that lacks time, clock, status, actor or commitment") }
        self.index = index
        self.kind = kind
        self.time = Instant(milliseconds: time)
        self.monotonic = monotonic
        self.bootID = bootID
        self.actor = actor
        self.user = leaf["user"]?["uid"]?.string
        self.job = own["job"]?.string
        self.project = own["project"]?.string
        self.dataset = own["dataset"]?.string
        self.output = own["output"]?.string
        if let previous = own["prevJobEvent"] {
            guard let place = previous.string.flatMap({ Decimal.read($0.utf8) }) else {
                throw refused("whose prevJobEvent is no index")
            }
            self.previousOfJob = place
        } else {
            self.previousOfJob = nil
        }
        self.bodyCommit = bodyCommit
        self.statusCode = statusCode
        self.failed = status != 1
        self.fields = own
    }

    /// The members that are read of a leaf's top level.
    private static let read = ["status_code", "status_id", "time", "unmapped", "user"].map { ($0, Array($0.utf8)) }
    private static let classUID = Array("class_uid".utf8)
    private static let apiVersion = Array("apiVersion".utf8)

    /// Reads a leaf that lies in a bundle, without a value for each member; nil for one that is no event in plain text, which
    /// ``LeafKind`` has to judge.
    ///
    /// - Throws: `log.schema`, as ``init(_:at:)``.
    init?(_ json: inout PlainJSON, _ range: Range<Int>, at index: UInt64) throws(GloveboxError) {
        guard json.scan(range), json.member(Self.classUID, of: 0) != nil, json.member(Self.apiVersion, of: 0) == nil
        else { return nil }
        try self.init(scanned: json, at: index)
    }

    /// Reads the event that was scanned last.
    ///
    /// - Throws: `log.schema`, as ``init(_:at:)``.
    init(scanned json: PlainJSON, at index: UInt64) throws(GloveboxError) {
        var leaf = JSONObject()
        for (name, bytes) in Self.read { leaf[name] = json.member(bytes, of: 0).map(json.value) }
        try self.init(.object(leaf), at: index)
    }

    /// A field that this kind of event has of its own.
    package subscript(field: String) -> String? { fields[field]?.string }

    /// Such a field when it is a plain decimal number.
    package func number(_ field: String) -> UInt64? { self[field].flatMap { Decimal.read($0.utf8) } }
}
