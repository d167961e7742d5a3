internal import GloveboxAPI
internal import GloveboxCore
internal import Synchronization

/// What is known of the deliveries to all webhooks, and to those whom the operator's command tells.
final class WebhookCouriers: Sendable {
    /// How many messages are on their way at most: each may have a thread wait for the resolver.
    private static let most = 16

    private struct Known: Sendable {
        var progress: [String: WebhookProgress] = [:]
        /// Those that somebody is on the way to.
        var busy: Set<String> = []
        /// Since when the log takes no events; nil while it does.
        var refusedSince: Instant?
    }

    private let known = Mutex(Known())

    /// How far a webhook is, read from its file the first time; no further than the clock that events are stamped by.
    func progress(of webhook: some Subscriber, _ layout: SiteLayout, at now: Instant) -> WebhookProgress {
        known.withLock { known in
            var progress = known.progress[webhook.id] ?? Self.read(webhook, layout, at: now)
            progress.place = progress.place.heeding(Machine.now())
            known.progress[webhook.id] = progress
            return progress
        }
    }

    private static func read(_ webhook: some Subscriber, _ layout: SiteLayout, at now: Instant) -> WebhookProgress {
        let new = WebhookProgress(created: webhook.created, at: now)
        let path = path(webhook, layout)
        guard StateFile.exists(path) else { return new }
        // What cannot be read is as good as gone: the last day is sent again.
        do throws(GloveboxError) { return WebhookProgress(try StateFile.read(path)) ?? new } catch { return new }
    }

    /// Keeps how far a webhook is.
    func keep(_ progress: WebhookProgress, of webhook: some Subscriber) {
        known.withLock { if $0.progress[webhook.id] != nil { $0.progress[webhook.id] = progress } }
    }

    /// Puts how far a webhook is on disk; a crash before that has it sent again.
    ///
    /// - Throws: `storage.write`.
    func save(_ webhook: some Subscriber, _ layout: SiteLayout) throws(GloveboxError) {
        guard let progress = known.withLock({ $0.progress[webhook.id] }) else { return }
        try StateFile.makeDirectory(layout.webhooks)
        try StateFile.write(progress.bytes, to: Self.path(webhook, layout))
    }

    /// Whether there is a file of how far a subscriber is.
    func isSaved(_ webhook: some Subscriber, _ layout: SiteLayout) -> Bool {
        StateFile.exists(Self.path(webhook, layout))
    }

    /// Forgets a webhook that is gone.
    func forget(_ webhook: Webhook, _ layout: SiteLayout) {
        known.withLock { $0.progress[webhook.id] = nil }
        // A file that stays is one that nobody reads: ids do not come twice.
        do throws(GloveboxError) { try StateFile.remove(Self.path(webhook, layout)) } catch {}
    }

    /// Since when the log takes no events, as far as anybody looked; nil while it does.
    func note(refused: Bool, at now: Instant) -> Instant? {
        known.withLock { known in
            known.refusedSince = refused ? known.refusedSince ?? now : nil
            return known.refusedSince
        }
    }

    /// Whether this is the only way to a webhook now, and one of few; ``leave(_:)`` ends it.
    func begin(_ webhook: Webhook) -> Bool {
        known.withLock { $0.busy.count < Self.most && $0.busy.insert(webhook.id).inserted }
    }

    /// Ends what ``begin(_:)`` began.
    func leave(_ webhook: Webhook) { known.withLock { _ = $0.busy.remove(webhook.id) } }

    private static func path(_ webhook: some Subscriber, _ layout: SiteLayout) -> String {
        layout.webhooks + "/" + webhook.id
    }
}
