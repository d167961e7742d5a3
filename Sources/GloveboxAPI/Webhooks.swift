package import GloveboxCore
internal import GloveboxJobs

/// What a webhook may be told of.
///
/// Source: job-backend section 8.
package enum WebhookTopic: String, Sendable, Hashable, CaseIterable {
    /// A job came to a phase in which it waits for people.
    case jobWaiting = "job.waiting"
    /// A job came to a phase.
    case jobPhase = "job.phase"
    /// A job's files have left.
    case releaseReady = "release.ready"
    /// A plan waits for the votes of those who the webhook's account belongs to.
    case approvalNeeded = "approval.needed"
    /// The log has an event that speaks against it or another log.
    case logAlert = "log.alert"

    /// Reads a topic's name.
    ///
    /// - Throws: `schema.type`.
    package init(reading name: String) throws(GloveboxError) {
        guard let topic = WebhookTopic(rawValue: name) else {
            throw GloveboxError(
                "schema.type",
                "no such event: \(Display.escape(name))",
                hint: "Events are \(WebhookTopic.allCases.map(\.rawValue).joined(separator: ", "))."
            )
        }
        self = topic
    }
}

/// `POST /webhooks`: a receiver of the caller's own.
package struct CreateWebhookRequest: APIValue {
    /// Where to send; `https://`.
    package let url: String
    /// What to tell; at least one.
    package let events: Set<WebhookTopic>

    /// Asks for a webhook.
    package init(url: String, events: Set<WebhookTopic>) {
        self.url = url
        self.events = events
    }

    package init(json: JSONValue) throws(GloveboxError) {
        var fields = try JSONFields(json, at: "webhook")
        self.url = try fields.string("url")
        self.events = try fields.topics("events")
        try fields.finish()
        guard !events.isEmpty else { throw GloveboxError("request.invalid", "a webhook has at least one event") }
    }

    package var json: JSONValue { ["url": .string(url), "events": events.json] }
}

/// What may be known of a webhook: never its secret.
package struct WebhookInfo: APIValue {
    /// Whether it is sent to.
    package enum State: String, Sendable, Hashable {
        case active
        /// It failed for too long; nothing is sent to it any more.
        case disabled
    }

    /// Its id, `whk_…`.
    package let id: String
    /// Whose it is.
    package let account: String
    /// Where it is sent; to others than its account, host and port alone.
    package let url: String
    /// What it is told.
    package let events: Set<WebhookTopic>
    /// When it was made.
    package let created: Instant
    /// Whether it is sent to.
    package let state: State
    /// Since when nothing reached it; nil while all does.
    package let failingSince: Instant?

    /// Describes a webhook.
    package init(
        id: String,
        account: String,
        url: String,
        events: Set<WebhookTopic>,
        created: Instant,
        state: State,
        failingSince: Instant? = nil
    ) {
        self.id = id
        self.account = account
        self.url = url
        self.events = events
        self.created = created
        self.state = state
        self.failingSince = failingSince
    }

    package init(json: JSONValue) throws(GloveboxError) {
        var fields = try JSONFields(json, at: "webhook")
        self.id = try fields.string("id")
        self.account = try fields.string("account")
        self.url = try fields.string("url")
        self.events = try fields.topics("events")
        self.created = try fields.instant("created")
        guard let state = State(rawValue: try fields.string("state")) else {
            throw GloveboxError("schema.type", "webhook.state is active or disabled")
        }
        self.state = state
        self.failingSince = json["failing_since"] == nil ? nil : try fields.instant("failing_since")
        try fields.finish()
    }

    package var json: JSONValue {
        var members: [(String, JSONValue)] = [
            ("id", .string(id)), ("account", .string(account)), ("url", .string(url)), ("events", events.json),
            ("created", .string(created.description)), ("state", .string(state.rawValue)),
        ]
        if let failingSince { members.append(("failing_since", .string(failingSince.description))) }
        return .object(JSONObject(members))
    }
}

/// Answer to `POST /webhooks`: the only time the secret is shown.
package struct CreatedWebhook: APIValue {
    /// What its messages are signed with.
    package let secret: String
    /// What is known of it from now on.
    package let info: WebhookInfo

    /// Hands out a secret.
    package init(secret: String, info: WebhookInfo) {
        self.secret = secret
        self.info = info
    }

    package init(json: JSONValue) throws(GloveboxError) {
        var fields = try JSONFields(json, at: "webhook")
        self.secret = try fields.string("secret")
        self.info = try WebhookInfo(json: try fields.required("info"))
        try fields.finish()
    }

    package var json: JSONValue { ["secret": .string(secret), "info": info.json] }
}

/// Answer to `POST /webhooks/{id}/test`.
package struct WebhookTrial: APIValue {
    /// Whether the receiver answered with a status from 200 to 299.
    package let delivered: Bool
    /// Its status; nil when there was none.
    package let status: Int?
    /// Why it did not arrive, as a code; nil when it did.
    package let code: String?

    /// Tells how a trial went.
    package init(delivered: Bool, status: Int? = nil, code: String? = nil) {
        self.delivered = delivered
        self.status = status
        self.code = code
    }

    package init(json: JSONValue) throws(GloveboxError) {
        var fields = try JSONFields(json, at: "trial")
        self.delivered = try fields.bool("delivered")
        self.status = json["status"] == nil ? nil : try fields.count("status")
        self.code = try fields.optionalString("code")
        try fields.finish()
    }

    package var json: JSONValue {
        var members: [(String, JSONValue)] = [("delivered", .bool(delivered))]
        if let status { members.append(("status", .integer(Int64(status)))) }
        if let code { members.append(("code", .string(code))) }
        return .object(JSONObject(members))
    }
}

extension JSONFields {
    /// Takes an array of topics.
    fileprivate mutating func topics(_ name: String) throws(GloveboxError) -> Set<WebhookTopic> {
        var out: Set<WebhookTopic> = []
        for text in try strings(name) { out.insert(try WebhookTopic(reading: text)) }
        return out
    }
}

extension Set<WebhookTopic> {
    /// The sorted names as a JSON array.
    package var json: JSONValue { .array(map(\.rawValue).sorted().map { .string($0) }) }
}
