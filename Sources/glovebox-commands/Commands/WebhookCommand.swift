import ArgumentParser
import GloveboxAPI
import GloveboxCore

/// The command `glovebox webhook`.
struct WebhookCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "webhook",
        abstract: "Have a site tell a server of yours what happens.",
        subcommands: [Add.self, List.self, Remove.self, Test.self]
    )

    static func lines(_ webhook: WebhookInfo) -> [String] {
        let events = webhook.events.map(\.rawValue).sorted().joined(separator: " ")
        let state =
            switch webhook.state {
            case .disabled: "  disabled"
            case .active: webhook.failingSince.map { "  failing since \($0.text)" } ?? ""
            }
        return ["\(webhook.id)  \(webhook.account)  \(webhook.url)  \(events)\(state)"]
    }

    /// The command `glovebox webhook add`.
    struct Add: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Name a server that is told what the account may see.",
            discussion: """
                The secret that messages are signed with is written once. A receiver compares the header \
                Glovebox-Signature, 't=SECONDS,v1=HEX', with the HMAC-SHA-256 of 'SECONDS.BODY' under it.

                EXAMPLE
                  glovebox webhook add https://portal.example/glovebox --event release.ready --secret-out hook.secret
                """
        )

        @Argument(help: "Where to send; https://.")
        var url: String

        @Option(
            help:
                "What to tell: job.waiting, job.phase, release.ready, approval.needed or log.alert; repeatable; all unless given."
        )
        var event: [String] = []

        @Option(help: ArgumentHelp("File for the secret.", valueName: "FILE"))
        var secretOut: String

        @OptionGroup var site: SiteOptions

        func run() async throws {
            try await Session.run(site) { session in
                var events = Set(event.isEmpty ? WebhookTopic.allCases : [])
                for name in event { events.insert(try WebhookTopic(reading: name)) }
                let made = try await session.client.addWebhook(CreateWebhookRequest(url: url, events: events))
                try OutputFile.write(Array((made.secret + "\n").utf8), to: secretOut, mode: 0o600)
                session.terminal.result(made.info.json, WebhookCommand.lines(made.info))
            }
        }
    }

    /// The command `glovebox webhook list`.
    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List webhooks: one's own, or all.")

        @OptionGroup var site: SiteOptions

        func run() async throws {
            try await Session.run(site) { session in
                let list = try await session.client.webhooks()
                session.terminal.result(list.json, list.items.flatMap(WebhookCommand.lines))
            }
        }
    }

    /// The command `glovebox webhook remove`.
    struct Remove: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Tell a server nothing more.")

        @Argument(help: "Id of the webhook, as 'glovebox webhook list' shows it.")
        var id: String

        @OptionGroup var site: SiteOptions

        func run() async throws {
            try await Session.run(site) { session in
                let gone = try await session.client.removeWebhook(id: id)
                session.terminal.result(gone.json, ["removed  " + (WebhookCommand.lines(gone).first ?? "")])
            }
        }
    }

    /// The command `glovebox webhook test`.
    struct Test: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Send a message of the type webhook.test at once, and say how it went."
        )

        @Argument(help: "Id of the webhook, as 'glovebox webhook list' shows it.")
        var id: String

        @OptionGroup var site: SiteOptions

        func run() async throws {
            try await Session.run(site) { session in
                let trial = try await session.client.tryWebhook(id: id)
                let status = trial.status.map { "  status \($0)" } ?? ""
                session.terminal.result(trial.json, [(trial.code.map { "failed  \($0)" } ?? "delivered") + status])
                if !trial.delivered { throw ArgumentParser.ExitCode.failure }
            }
        }
    }
}
