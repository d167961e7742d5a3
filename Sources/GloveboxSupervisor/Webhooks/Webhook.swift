internal import Crypto
internal import GloveboxAPI
internal import GloveboxCore
internal import GloveboxTransparency

/// Somebody who is told what an account may see.
protocol Subscriber: Sendable {
    /// Of all subscribers, its own.
    var id: String { get }
    /// Whose view counts.
    var account: String { get }
    /// What it is told.
    var topics: Set<WebhookTopic> { get }
    /// Nothing from before is told.
    var created: Instant { get }
    /// What stands in each of its messages beside what happened.
    var members: [(String, JSONValue)] { get }
}

/// A receiver that an account named.
struct Webhook: Subscriber {
    let id: String
    let account: String
    let target: WebhookTarget
    let topics: Set<WebhookTopic>
    let created: Instant
    /// Nothing that names a person leaves for another's server.
    var members: [(String, JSONValue)] { [] }
    /// Whether it failed for so long that nothing is sent to it any more.
    var isDisabled = false

    init(id: String, account: String, target: WebhookTarget, topics: Set<WebhookTopic>, created: Instant) {
        self.id = id
        self.account = account
        self.target = target
        self.topics = topics
        self.created = created
    }

    /// What stands in the private body of its event.
    var json: JSONValue {
        [
            "webhook": .string(id), "account": .string(account), "url": .string(target.url), "events": topics.json,
            "created": .string(created.description),
        ]
    }

    /// Reads what ``json`` writes.
    init(json: JSONValue) throws(GloveboxError) {
        var fields = try JSONFields(json, at: "webhook")
        guard let created = Instant(try fields.string("created")) else {
            throw GloveboxError("log.journal-corrupt", "a webhook has no valid time")
        }
        var topics: Set<WebhookTopic> = []
        for name in try fields.array("events") { topics.insert(try WebhookTopic(reading: name.string ?? "")) }
        self.init(
            id: try fields.string("webhook"),
            account: try fields.string("account"),
            target: try WebhookTarget(fields.string("url")),
            topics: topics,
            created: created
        )
    }

    /// The secret under which messages to a webhook are signed.
    ///
    /// It follows from a key of the site's own, so that it is kept nowhere: an auditor who reads the event of a webhook
    /// signs nothing. Source: RFC 5869.
    static func secret(of id: String, under key: [UInt8]) -> String {
        let secret = HKDF<SHA256>.deriveKey(
            inputKeyMaterial: SymmetricKey(data: key),
            info: Array("glovebox webhook/1 \(id)".utf8),
            outputByteCount: 32
        )
        return "gbw_" + Hex.encode(unsafe secret.withUnsafeBytes { unsafe Array($0) })
    }

    /// The value of `Glovebox-Signature` for a body that is sent at a time.
    static func signature(of body: [UInt8], at time: Instant, secret: String) -> String {
        let text = Array("\(time.seconds).".utf8) + body
        let key = SymmetricKey(data: Array(secret.utf8))
        let code = HMAC<SHA256>.authenticationCode(for: text, using: key)
        return "t=\(time.seconds),v1=\(Hex.encode(Array(code)))"
    }
}

extension SiteState {
    /// A webhook that came, went, or failed for too long.
    mutating func addWebhook(_ record: SiteRecord) throws(GloveboxError) {
        var fields = try JSONFields(record.json, at: "webhook")
        let id = try fields.string("webhook")
        switch record.kind {
        case .webhookAdded: webhooks[id] = try Webhook(json: record.json)
        case .webhookDisabled: webhooks[id]?.isDisabled = true
        default: webhooks[id] = nil
        }
    }
}
