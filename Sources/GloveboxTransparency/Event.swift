package import GloveboxCore

/// Something that happened, before it has a place in the log.
///
/// Source: transparency-log specification, sections 8 and 9. Whatever names a person, or could tell about data,
/// belongs in ``body``; ids, digests, codes and counts of public things may stand in ``fields``.
package struct Event: Sendable {
    /// OCSF severities.
    package enum Severity: Int64, Sendable {
        case info = 1
        case low
        case medium
        case high
        case critical
    }

    /// What happened.
    package var kind: EventKind
    /// The job it belongs to.
    package var job: String?
    /// The project it belongs to.
    package var project: String?
    /// The dataset it touches.
    package var dataset: String?
    /// The output it touches.
    package var output: String?
    /// Who did it: an account or key id, written as a pseudonym.
    ///
    /// A policy's `sha256:…` stands as it is. Nil is the supervisor.
    package var actor: String?
    /// The account acted upon, when that is not the actor; written as a pseudonym.
    package var user: String?
    /// Where the request came from, written as a pseudonym.
    package var source: String?
    /// How the actor proved to be the actor.
    package var authMethod: String
    /// The thing managed, for kinds about keys, policies and the like: an id or digest.
    package var entity: String?
    /// `ok`, or the reason code.
    package var statusCode: String
    /// Whether it is a failure.
    package var failed: Bool
    /// How grave it is.
    package var severity: Severity
    /// The kind's own public fields.
    package var fields: [(String, JSONValue)]
    /// The private fields.
    package var body: [(String, JSONValue)]
    /// Milliseconds to which times in the leaf are rounded up; the exact ones go into the body.
    ///
    /// 1 keeps them; a day is the most.
    package var timeStep: Int64
    /// What the caller calls this event: the log has one leaf for all tries under the same key.
    ///
    /// Written as a pseudonym.
    package var idempotencyKey: String?

    /// Describes an event; a status code other than `ok` makes it a failure unless told otherwise.
    package init(
        kind: EventKind,
        job: String? = nil,
        project: String? = nil,
        dataset: String? = nil,
        output: String? = nil,
        actor: String? = nil,
        user: String? = nil,
        source: String? = nil,
        authMethod: String = "none",
        entity: String? = nil,
        statusCode: String = "ok",
        failed: Bool? = nil,
        severity: Severity? = nil,
        fields: [(String, JSONValue)] = [],
        body: [(String, JSONValue)] = [],
        timeStep: Int64 = 1,
        idempotencyKey: String? = nil
    ) {
        let failed = failed ?? !statusCode.utf8.elementsEqual("ok".utf8)
        self.kind = kind
        self.job = job
        self.project = project
        self.dataset = dataset
        self.output = output
        self.actor = actor
        self.user = user
        self.source = source
        self.authMethod = authMethod
        self.entity = entity
        self.statusCode = statusCode
        self.failed = failed
        self.severity = severity ?? (failed ? .low : .info)
        self.fields = fields
        self.body = body
        self.timeStep = min(max(1, timeStep), 86_400_000)
        self.idempotencyKey = idempotencyKey
    }
}
