import ArgumentParser
import GloveboxAPI
import GloveboxAttestation
import GloveboxCore

/// The command `glovebox certificate`.
struct CertificateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "certificate",
        abstract: "Bind keys of client certificates to accounts, list them, and end them.",
        discussion: """
            A site may want, beside the token, a client certificate for some roles (server.require_mtls). What counts is \
            the certificate's key, which its owner proves to hold.
            """,
        subcommands: [Request.self, Enroll.self, List.self, Revoke.self]
    )

    static func line(_ key: CertificateInfo) -> String {
        "\(key.spki.named)  \(key.isRevoked ? "revoked" : "since \(key.enrolled.text)")"
    }

    /// The command `glovebox certificate request`.
    struct Request: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Write down, for the operator, that you hold the key of your client certificate.",
            discussion: """
                Needs no site: for those whose role lets them in with a certificate alone.

                EXAMPLE
                  glovebox certificate request --account acc_… --client-cert me.pem --client-key me.key -o me.request
                """
        )

        @Option(help: ArgumentHelp("Id of your account.", valueName: "ACCOUNT"))
        var account: String

        @Option(help: ArgumentHelp("Your client certificate.", valueName: "FILE"))
        var clientCert: String

        @Option(help: ArgumentHelp("Its private key.", valueName: "FILE"))
        var clientKey: String

        @Option(name: .shortAndLong, help: ArgumentHelp("File for the request.", valueName: "FILE"))
        var output: String

        func run() async throws {
            try await Failure.report(Terminal(json: false, quiet: false)) {
                let request = try CertificateFile.request((clientCert, clientKey), account: account)
                try OutputFile.write(request.encoded, to: output)
            }
        }
    }

    /// The command `glovebox certificate enroll`.
    struct Enroll: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Bind the key of a client certificate to your account, or to the one that sent a request.",
            discussion: """
                EXAMPLES
                  glovebox certificate enroll --client-cert me.pem --client-key me.key
                  glovebox certificate enroll --request rita.request --server unix:///run/gloveboxd/api.sock
                """
        )

        @Option(help: ArgumentHelp("What 'glovebox certificate request' wrote.", valueName: "FILE"))
        var request: String?

        @OptionGroup var site: SiteOptions

        func run() async throws {
            try await Session.run(site) { session in
                let asked: EnrollCertificateRequest
                if let request {
                    asked = try EnrollCertificateRequest(encoded: InputFile.bytes(request, limit: 65536))
                } else {
                    let account = try await session.client.whoami().account
                    asked = try CertificateFile.request(session.requireIdentity(), account: account)
                }
                let enrolled = try await session.client.enrollCertificate(asked)
                session.terminal.result(
                    enrolled.json,
                    [Terminal.row("account", asked.account), Terminal.row("key", enrolled.spki.named)]
                )
            }
        }
    }

    /// The command `glovebox certificate list`.
    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List keys of an account's client certificates.")

        @Option(help: ArgumentHelp("Id of the account; your own unless given.", valueName: "ACCOUNT"))
        var account: String?

        @OptionGroup var site: SiteOptions

        func run() async throws {
            try await Session.run(site) { session in
                let list = try await session.client.certificates(of: session.account(account))
                session.terminal.result(list.json, list.items.map(CertificateCommand.line))
            }
        }
    }

    /// The command `glovebox certificate revoke`.
    struct Revoke: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "End a client certificate's key at once, and the tokens that are bound to it.",
            discussion: "EXAMPLE\n  glovebox certificate revoke sha256:… --account acc_…"
        )

        @Argument(help: "The key, as 'glovebox certificate list' shows it.")
        var key: String

        @Option(help: ArgumentHelp("Id of the account; your own unless given.", valueName: "ACCOUNT"))
        var account: String?

        @OptionGroup var site: SiteOptions

        func run() async throws {
            try await Session.run(site) { session in
                guard let spki = Digest(named: key) else {
                    throw GloveboxError("usage", "a key is named by sha256: and 64 lower-case hex digits")
                }
                let ended = try await session.client.revokeCertificate(spki, of: session.account(account))
                session.terminal.result(ended.json, [CertificateCommand.line(ended)])
            }
        }
    }
}

/// Files of a client certificate and its key.
enum CertificateFile {
    /// The key of the certificate in a file.
    static func key(_ path: String) throws(GloveboxError) -> CertificateKey {
        try CertificateKey(certificate: try InputFile.text(path) + "\n")
    }

    /// A request to bind the certificate's key to an account, with the proof that the key is held.
    static func request(
        _ files: (certificate: String, key: String),
        account: String
    ) throws(GloveboxError) -> EnrollCertificateRequest {
        let signer = try CertificateSigner(pem: try InputFile.text(files.key) + "\n")
        guard try key(files.certificate) == signer.publicKey else {
            throw GloveboxError("key.encoding", "the private key is not that of the certificate")
        }
        let spki = signer.publicKey.spki
        let message = EnrollCertificateRequest.message(account: account, spki: spki)
        return EnrollCertificateRequest(account: account, spki: spki, proof: try signer.signature(over: message))
    }
}

extension Session {
    /// The files of the client certificate in use.
    func requireIdentity() throws(GloveboxError) -> (certificate: String, key: String) {
        guard let identity else {
            throw GloveboxError("usage", "no client certificate is known", hint: "Give --client-cert and --client-key.")
        }
        return identity
    }

    /// That account, or the profile's own.
    fileprivate func account(_ given: String?) async throws -> String {
        if let given { return given }
        return try await client.whoami().account
    }
}
