import ArgumentParser
import GloveboxAPI
import GloveboxAttestation
import GloveboxCore
import GloveboxJobs

/// The command `glovebox token`.
struct TokenCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "token",
        abstract: "Make, list and end tokens of an account.",
        subcommands: [Create.self, List.self, Revoke.self, Rotate.self]
    )

    static func lines(_ token: TokenInfo) -> [String] {
        let scopes = token.scopes == .all ? "all scopes" : token.scopes.names.joined(separator: " ")
        let bound = token.certificate.map { "  with \($0.named)" } ?? ""
        let place = token.networks.isEmpty ? "" : "  from \(token.networks.joined(separator: " "))"
        return ["\(token.id)  \(token.account)  until \(token.expires.text)  \(scopes)\(bound)\(place)"]
    }

    /// The command `glovebox token create`.
    struct Create: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Make a further token, good for less than the one in use or for as much.",
            discussion: "EXAMPLE\n  glovebox token create --scope job:read --days 7 --token-out reader.token"
        )

        @Option(help: "What it may be used for, such as job:read; repeatable; all unless given.")
        var scope: [String] = []

        @Option(help: "Days for which it is good, 1 to 365.")
        var days: Int = 90

        @Flag(help: "Bind it to the client certificate in use: it is good over connections that show that one alone.")
        var bound = false

        @Option(
            help: ArgumentHelp(
                "Addresses it is good from alone, as the site sees them; repeatable. It is then good for no socket.",
                valueName: "CIDR"
            )
        )
        var cidr: [String] = []

        @Option(help: ArgumentHelp("File for the token.", valueName: "FILE"))
        var tokenOut: String

        @OptionGroup var site: SiteOptions

        func run() async throws {
            try await Session.run(site) { session in
                var scopes: Set<Scope> = scope.isEmpty ? .all : []
                for name in scope { scopes.insert(try Scope(reading: name)) }
                let certificate = bound ? try CertificateFile.key(session.requireIdentity().certificate).digest : nil
                let made = try await session.client.createToken(
                    CreateTokenRequest(scopes: scopes, days: days, certificate: certificate, networks: cidr)
                )
                try OutputFile.write(Array((made.token + "\n").utf8), to: tokenOut, mode: 0o600)
                session.terminal.result(made.info.json, TokenCommand.lines(made.info))
            }
        }
    }

    /// The command `glovebox token rotate`.
    struct Rotate: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Put a new token in the place of the profile's own, which ends at once.",
            discussion: "EXAMPLE\n  glovebox token rotate --profile alice"
        )

        @Option(help: "Days for which it is good, 1 to 365.")
        var days: Int = 90

        @OptionGroup var site: SiteOptions

        func run() async throws {
            try await Session.run(site) { session in
                let id = try await session.client.tokens()
                let used = id.items.first { session.token?.hasPrefix("gbx_\($0.id)_") == true }
                guard let used else { throw GloveboxError("login.missing", "the profile has no token of this site") }
                let request = CreateTokenRequest(
                    scopes: used.scopes,
                    days: days,
                    replaces: true,
                    certificate: used.certificate,
                    networks: used.networks
                )
                let made = try await session.client.createToken(request)
                try session.profile.write("token", Array((made.token + "\n").utf8))
                session.terminal.result(made.info.json, TokenCommand.lines(made.info))
            }
        }
    }

    /// The command `glovebox token list`.
    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List tokens that are good: one's own, or all.")

        @OptionGroup var site: SiteOptions

        func run() async throws {
            try await Session.run(site) { session in
                let list = try await session.client.tokens()
                session.terminal.result(list.json, list.items.flatMap(TokenCommand.lines))
            }
        }
    }

    /// The command `glovebox token revoke`.
    struct Revoke: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "End a token at once.",
            discussion: "EXAMPLE\n  glovebox token revoke 0123456789abcdef"
        )

        @Argument(help: "Id of the token, as 'glovebox token list' shows it.")
        var id: String

        @OptionGroup var site: SiteOptions

        func run() async throws {
            try await Session.run(site) { session in
                let ended = try await session.client.revokeToken(id: id)
                session.terminal.result(ended.json, ["ended  " + (TokenCommand.lines(ended).first ?? "")])
            }
        }
    }
}
