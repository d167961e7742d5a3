internal import GloveboxAPI
internal import GloveboxCore
internal import GloveboxJobs
internal import GloveboxTransparency

extension Site {
    /// Greatest number of webhooks of one account.
    private static let mostWebhooks = 8

    /// Keeps a receiver of the caller's own; its secret is shown this once.
    ///
    /// - Throws: `webhook.url`, `webhook.address`, `auth.forbidden`, `quota.exceeded`, `log.*`.
    func addWebhook(_ caller: Caller, _ request: CreateWebhookRequest) throws(GloveboxError) -> CreatedWebhook {
        // It tells what the token itself must be good to read.
        guard caller.scopes.contains(.jobRead) else {
            throw GloveboxError("auth.forbidden", "this token is not good for job:read, which a webhook tells of")
        }
        let target = try WebhookTarget(request.url)
        guard !target.isAddress || settings.webhooks.allows(target.host) else { throw Self.privateAddress(target) }
        let have = read { state in state.webhooks.values.count { $0.account == caller.account } }
        guard have < Self.mostWebhooks else {
            throw GloveboxError(
                "quota.exceeded",
                "the account has \(have) webhooks",
                hint: "Remove some with 'glovebox webhook remove'."
            )
        }
        let webhook = Webhook(
            id: Machine.identifier("whk"),
            account: caller.account,
            target: target,
            topics: request.events,
            created: Machine.now()
        )
        try record(
            Event(kind: .webhookAdded, actor: caller.account, user: caller.account, entity: webhook.id),
            webhook.json
        )
        return CreatedWebhook(secret: secret(of: webhook), info: info(webhook, for: caller))
    }

    /// The webhooks a caller may know of, oldest first.
    func webhooks(for caller: Caller) -> [WebhookInfo] {
        read { state in state.webhooks.values.map { $0 } }
            .filter { $0.account == caller.account || caller.roles.contains(.operator) }
            .sorted { ($0.created, $0.id) < ($1.created, $1.id) }.map { info($0, for: caller) }
    }

    /// Sends a webhook nothing more.
    ///
    /// - Throws: `object.not-found`, `log.*`.
    func removeWebhook(_ caller: Caller, id: String) throws(GloveboxError) -> WebhookInfo {
        let webhook = try webhook(id, of: caller)
        let info = info(webhook, for: caller)
        try record(
            Event(kind: .webhookRemoved, actor: caller.account, user: webhook.account, entity: id),
            ["webhook": .string(id)]
        )
        couriers.forget(webhook, layout)
        return info
    }

    /// One's own webhook, or any for an operator.
    ///
    /// - Throws: `object.not-found`.
    func webhook(_ id: String, of caller: Caller) throws(GloveboxError) -> Webhook {
        guard let webhook = read({ state in state.webhooks[id] }),
            webhook.account == caller.account || caller.roles.contains(.operator)
        else { throw GloveboxError("object.not-found", "there is no webhook \(Display.escape(id))") }
        return webhook
    }

    /// What messages to a webhook are signed with: made from the key of pseudonyms, which no redaction changes.
    func secret(of webhook: Webhook) -> String { Webhook.secret(of: webhook.id, under: keys.pseudonyms) }

    /// Sends nothing more to a webhook that failed for too long.
    ///
    /// - Throws: `log.*`.
    func disable(_ webhook: Webhook) throws(GloveboxError) {
        try record(
            Event(
                kind: .webhookDisabled,
                user: webhook.account,
                entity: webhook.id,
                statusCode: "webhook.failing"
            ),
            ["webhook": .string(webhook.id)]
        )
    }

    static func privateAddress(_ target: WebhookTarget) -> GloveboxError {
        GloveboxError(
            "webhook.address",
            "\(Display.escape(target.host)) is no address of the open internet",
            hint: "The operator may allow its range: webhooks.allow_private_nets in gloveboxd.yaml."
        )
    }

    private func info(_ webhook: Webhook, for caller: Caller) -> WebhookInfo {
        WebhookInfo(
            id: webhook.id,
            account: webhook.account,
            // A path may hold what lets one in there.
            url: webhook.account == caller.account ? webhook.target.url : "https://" + webhook.target.authority,
            events: webhook.topics,
            created: webhook.created,
            state: webhook.isDisabled ? .disabled : .active,
            failingSince: couriers.progress(of: webhook, layout, at: Machine.now()).failingSince
        )
    }
}
