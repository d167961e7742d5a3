import ArgumentParser
import GloveboxAPI
import GloveboxAttestation
import GloveboxCore
import GloveboxJobs

/// `glovebox login`: keeps address and token, makes a signing key and enrols it.
struct LoginCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "login",
        abstract: "Keep a site's address and token in a profile, and enrol a signing key.",
        discussion: """
            The key is made on this machine and never leaves it; the site gets its public half and a proof.

            EXAMPLES
              glovebox login unix:///var/lib/glovebox/api.sock --token-file token.txt --profile alice
              glovebox login https://hospital-a.example:7443 --ca site.pem --token-file token.txt
            """
    )

    @Argument(help: "Address of the site.")
    var url: String

    @OptionGroup var site: SiteOptions

    func run() async throws {
        try await Failure.report(site.terminal) {
            let profile = try Profile(name: site.profile)
            guard let file = site.tokenFile else {
                throw GloveboxError("usage", "login needs --token-file", hint: "The operator hands the token out.")
            }
            try profile.write("url", Array((ServerAddress(url).description + "\n").utf8))
            if let ca = site.ca { try profile.write("ca.pem", Array((InputFile.text(ca) + "\n").utf8)) }
            if let identity = try site.identity() {
                try profile.write("client.pem", Array((InputFile.text(identity.certificate) + "\n").utf8))
                try profile.write("client.key", Array((InputFile.text(identity.key) + "\n").utf8))
            }
            try profile.write("token", Array((InputFile.text(file) + "\n").utf8))
        }
        var kept = site  // from here on what the profile keeps is used
        kept.tokenFile = nil
        kept.server = nil
        kept.ca = nil
        kept.clientCert = nil
        kept.clientKey = nil
        try await Session.run(kept) { session in
            let account = try await session.client.whoami()
            let signer = try session.profile.signer(make: true)
            if !account.keys.contains(signer.publicKey.keyID) {
                let message = EnrollKeyRequest.message(account: account.account, publicKey: signer.publicKey.bytes)
                _ = try await session.client.enrollKey(
                    account: account.account,
                    EnrollKeyRequest(publicKey: signer.publicKey.bytes, proof: try signer.signature(over: message))
                )
            }
            session.terminal.result(
                ["account": .string(account.account), "key": .string(signer.publicKey.keyID)],
                [
                    Terminal.row(
                        "account",
                        "\(account.name) (\(account.roles.names.joined(separator: ", "))) at \(account.site)"
                    ),
                    Terminal.row("key", signer.publicKey.keyID),
                ]
            )
        }
    }
}

/// The command `glovebox whoami`.
struct WhoAmICommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "whoami", abstract: "Show the account of a profile.")

    @OptionGroup var site: SiteOptions

    func run() async throws {
        try await Session.run(site) { session in
            let account = try await session.client.whoami()
            session.terminal.result(
                account.json,
                [
                    Terminal.row("account", account.name),
                    Terminal.row("roles", account.roles.names.joined(separator: ", ")),
                    Terminal.row("site", account.site),
                ]
                    + account.projects.map {
                        Terminal.row("project", "\($0.project) (\($0.roles.names.joined(separator: ", ")))")
                    }
            )
        }
    }
}
