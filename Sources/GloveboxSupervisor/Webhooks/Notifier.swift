internal import GloveboxAPI
package import GloveboxCore
internal import GloveboxJobs

/// Somebody with an account, whom the operator's command tells what happened.
struct Notified: Subscriber {
    let account: String
    /// The account's name, by which the command knows whom to tell.
    let name: String
    let topics: Set<WebhookTopic>
    let created: Instant

    var id: String { "notify-" + account }
    var members: [(String, JSONValue)] { [("account", .string(account)), ("name", .string(name))] }
}

/// Tells people what happened through a command of the operator's, which has each message on its standard input.
///
/// One message at a time, of one person at a time; no job waits for it. Source: job-backend section 8.
package struct Notifier: Sendable {
    /// How many places of the journal a person is told of in a row.
    private static let most = 64

    private let site: Site
    private let notice: WebhookSettings.Notice
    private let clock: @Sendable () -> Instant
    private let started: Instant
    private let onFailure: @Sendable (GloveboxError) -> Void
    private let disk = Offload("notices")

    /// The notifier of a site; nil where the settings name no command.
    ///
    /// `onFailure` is told when a command begins to fail.
    package init?(
        _ site: Site,
        clock: @escaping @Sendable () -> Instant = { Machine.now() },
        onFailure: @escaping @Sendable (GloveboxError) -> Void
    ) {
        guard let notice = site.settings.webhooks.notice else { return nil }
        (self.site, self.notice, self.clock, self.onFailure) = (site, notice, clock, onFailure)
        started = clock()
    }

    /// Tells what there is to tell every five seconds, until the task is cancelled.
    package func run() async {
        while !Task.isCancelled {
            await tell()
            do { try await Task.sleep(for: .seconds(5)) } catch { break }
        }
    }

    /// Tells everybody what they were not told, but those for whom it is too early for the next try.
    func tell() async {
        let accounts = site.read { state in
            state.accounts.values.filter { !$0.roles.isDisjoint(with: Self.roles) }.map { ($0.id, $0.name) }
        }
        for (id, name) in accounts.sorted(by: { $0 < $1 }) where !Task.isCancelled {
            await deliver(to: Notified(account: id, name: name, topics: notice.topics, created: started))
        }
    }

    /// Who may have webhooks, too.
    private static let roles: Set<Role> = [.researcher, .reviewer, .owner, .operator]

    private func deliver(to person: Notified) async {
        do throws(GloveboxError) {
            let now = clock()
            let (begun, messages, place) = try await disk.run { [site] () throws(GloveboxError) in
                let begun = site.couriers.progress(of: person, site.layout, at: now)
                // Else a restart would begin anew, and what came between be told to nobody.
                if !site.couriers.isSaved(person, site.layout) { try site.couriers.save(person, site.layout) }
                guard now >= begun.next else { return (begun, [WebhookMessage](), begun.place) }
                let (messages, place) = try site.messages(to: person, after: begun.place, most: Self.most)
                return (begun, messages, place)
            }
            var progress = begun
            for (number, message) in messages.enumerated() where !Task.isCancelled {
                let fault = await run(message)
                if fault == nil {
                    progress.succeed(number, of: messages.map(\.place))
                } else {
                    progress.fail(at: clock())
                }
                let known = progress
                try await disk.run { [site] () throws(GloveboxError) in
                    site.couriers.keep(known, of: person)
                    try site.couriers.save(person, site.layout)
                }
                guard let fault else { continue }
                if begun.failingSince == nil { onFailure(fault) }
                return
            }
            if messages.isEmpty, progress.failingSince == nil, progress.place < place {
                progress.place = place
                site.couriers.keep(progress, of: person)
            }
        } catch {
            // The log or the disk is not there; the next round asks again, and readiness says so.
        }
    }

    private func run(_ message: WebhookMessage) async -> GloveboxError? {
        do throws(GloveboxError) {
            try await disk.run { [notice] () throws(GloveboxError) in
                let command = OperatorCommand(
                    purpose: .notices,
                    arguments: notice.command,
                    patience: notice.patience
                )
                _ = try command.run(input: String(decoding: message.body + [10], as: UTF8.self))
            }
            return nil
        } catch { return error }
    }
}
