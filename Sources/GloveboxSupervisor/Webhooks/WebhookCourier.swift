internal import GloveboxAPI
package import GloveboxCore

/// Tells webhooks what happened, each for itself: one that does not answer waits alone, and no job waits for any.
///
/// Source: job-backend section 8.
package struct WebhookCourier: Sendable {
    /// How many places of the journal are told over one connection.
    private static let most = 256

    private let site: Site
    private let resolve: @Sendable (String) throws(GloveboxError) -> [String]
    private let clock: @Sendable () -> Instant
    private let disk = Offload("webhooks")
    private let names = Offload("webhook names")

    /// A courier of a site; `resolve` gives the addresses of a name, and may block.
    package init(
        _ site: Site,
        resolve: @escaping @Sendable (String) throws(GloveboxError) -> [String] = { (host) throws(GloveboxError) in
            try HostAddresses.resolve(host)
        },
        clock: @escaping @Sendable () -> Instant = { Machine.now() }
    ) {
        self.site = site
        self.resolve = resolve
        self.clock = clock
    }

    /// Tells what there is to tell each second, until the task is cancelled.
    package func run() async {
        await withDiscardingTaskGroup { group in
            while !Task.isCancelled {
                for webhook in site.read({ state in state.webhooks.values.filter { !$0.isDisabled } })
                where site.couriers.begin(webhook) {
                    group.addTask {
                        await deliver(to: webhook)
                        site.couriers.leave(webhook)
                    }
                }
                do { try await Task.sleep(for: .seconds(1)) } catch { break }
            }
        }
    }

    /// Tells a webhook what it was not told, unless it is too early for the next try.
    func deliver(to webhook: Webhook) async {
        do throws(GloveboxError) {
            let now = clock()
            var progress = try await disk.run { [site] () throws(GloveboxError) in
                site.couriers.progress(of: webhook, site.layout, at: now)
            }
            guard now >= progress.next else { return }
            let from = progress.place
            let (messages, place) = try await disk.run { [site] () throws(GloveboxError) in
                try site.messages(to: webhook, after: from, most: Self.most)
            }
            if !messages.isEmpty {
                await send(messages, to: webhook, &progress)
                let (later, end) = (clock(), progress)
                try await disk.run { [site] () throws(GloveboxError) in
                    site.couriers.keep(end, of: webhook)
                    try site.couriers.save(webhook, site.layout)
                    if end.isOver(at: later) { try site.disable(webhook) }
                }
            }
            // What it does not want to know needs no word.
            if progress.failingSince == nil, progress.place < place {
                progress.place = place
                site.couriers.keep(progress, of: webhook)
            }
        } catch {
            // The log or the disk is not there; the next second asks again, and readiness says so.
        }
    }

    private func send(_ messages: [WebhookMessage], to webhook: Webhook, _ progress: inout WebhookProgress) async {
        do throws(GloveboxError) {
            let secret = site.secret(of: webhook)
            try await withLine(to: webhook.target, messages[0].body, secret) { (line) throws(GloveboxError) in
                var saved = clock()
                for (number, message) in messages.enumerated() {
                    // One that was removed meanwhile is told nothing more.
                    guard number == 0 || site.read({ state in state.webhooks[webhook.id] != nil }) else { return }
                    if number > 0 { try Self.check(await post(message.body, over: line, secret)) }
                    progress.succeed(number, of: messages.map(\.place))
                    guard Task.isCancelled || clock() >= saved.adding(seconds: 1) else { continue }
                    saved = clock()
                    let known = progress
                    try await disk.run { [site] () throws(GloveboxError) in
                        site.couriers.keep(known, of: webhook)
                        try site.couriers.save(webhook, site.layout)
                    }
                    if Task.isCancelled { return }
                }
            }
        } catch {
            // A daemon that ends cuts its own messages off, which is no fault of the receiver.
            if !Task.isCancelled { progress.fail(at: clock()) }
        }
    }

    /// Sends one message as soon as none is on its way, and tells how that went.
    ///
    /// - Throws: `object.conflict` while others are on their way for longer than `patience`.
    func trial(of webhook: Webhook, patience: Duration = .seconds(10)) async throws(GloveboxError) -> WebhookTrial {
        let end = ContinuousClock.now + patience
        while !site.couriers.begin(webhook) {
            guard !Task.isCancelled, ContinuousClock.now < end else {
                throw GloveboxError(
                    "object.conflict",
                    "other messages are on their way",
                    hint: "Try again in a moment."
                )
            }
            do { try await Task.sleep(for: .milliseconds(50)) } catch {}  // cancelled: the next look ends it
        }
        defer { site.couriers.leave(webhook) }
        let place = EventPlace(at: clock().milliseconds, job: 0, number: 0)
        let message = WebhookMessage("webhook.test", to: webhook, at: place, site: site.configuration.name, [])
        var status: Int?
        do throws(GloveboxError) {
            let secret = site.secret(of: webhook)
            try await withLine(to: webhook.target, message.body, secret, told: { status = $0 }, rest: { _ in })
            return WebhookTrial(delivered: true, status: status)
        } catch {
            return WebhookTrial(delivered: false, status: status, code: error.code)
        }
    }

    /// Looks the receiver's name up, and sends a message to the first of its addresses that can be reached; what follows goes
    /// over the same line.
    ///
    /// - Throws: `webhook.*`, `config.invalid`.
    private func withLine(
        to target: WebhookTarget,
        _ first: [UInt8],
        _ secret: String,
        told: (Int) -> Void = { _ in },
        rest: (WebhookLine) async throws(GloveboxError) -> Void
    ) async throws(GloveboxError) {
        let found = try await names.run { [resolve] () throws(GloveboxError) in try resolve(target.host) }
        let addresses = found.filter(site.settings.webhooks.allows).prefix(4)
        var fault = Site.privateAddress(target)
        for address in addresses {
            let line = try WebhookLine(target, address: address, authorities: site.settings.webhooks.authorities)
            let result: Result<Void, GloveboxError>
            var isReached = false
            do throws(GloveboxError) {
                let status = try await post(first, over: line, secret)
                isReached = true
                told(status)
                try Self.check(status)
                result = .success(try await rest(line))
            } catch { result = .failure(error) }
            await line.close()
            switch result {
            case .success: return
            case .failure(let error):
                fault = error
                // An answer is an answer, and another address may take one that was lost for a second message.
                if isReached || error.code == "webhook.timeout" { throw error }
            }
        }
        throw fault
    }

    private func post(_ body: [UInt8], over line: WebhookLine, _ secret: String) async throws(GloveboxError) -> Int {
        let signature = Webhook.signature(of: body, at: clock(), secret: secret)
        return try await line.send(
            body,
            [
                ("content-type", "application/json"), ("glovebox-signature", signature),
                ("user-agent", "glovebox/" + SiteLog.version),
            ]
        )
    }

    private static func check(_ status: Int) throws(GloveboxError) {
        guard (200..<300).contains(status) else {
            throw GloveboxError("webhook.refused", "the receiver answers with HTTP status \(status)")
        }
    }
}
