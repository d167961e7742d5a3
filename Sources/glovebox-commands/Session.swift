import ArgumentParser
import GloveboxAPI
import GloveboxCore
import GloveboxLocalCommands

/// Options of every command that talks to a site.
struct SiteOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Profile: address, token and key.", valueName: "NAME"))
    var profile: String = "default"

    @Option(help: ArgumentHelp("Address of the site.", valueName: "unix:///…|https://…"))
    var server: String?

    @Option(help: ArgumentHelp("File with the token.", valueName: "FILE"))
    var tokenFile: String?

    @Option(
        help: ArgumentHelp("Certificates to believe for https://; those of the system unless given.", valueName: "FILE")
    )
    var ca: String?

    @Option(help: ArgumentHelp("Client certificate to show to the site, with --client-key.", valueName: "FILE"))
    var clientCert: String?

    @Option(help: ArgumentHelp("Private key of the client certificate.", valueName: "FILE"))
    var clientKey: String?

    @Flag(help: "Print one JSON object.")
    var json = false

    @Flag(help: "Say only the result.")
    var quiet = false

    var terminal: Terminal { Terminal(json: json, quiet: quiet) }

    /// The files of the client certificate, when they are given.
    func identity() throws(GloveboxError) -> (certificate: String, key: String)? {
        let certificate = clientCert ?? Environment.variable("GLOVEBOX_CLIENT_CERT")
        let key = clientKey ?? Environment.variable("GLOVEBOX_CLIENT_KEY")
        guard certificate != nil || key != nil else { return nil }
        guard let certificate, let key else {
            throw GloveboxError("usage", "a client certificate takes both --client-cert and --client-key")
        }
        return (certificate, key)
    }
}

/// A connection to a site under a profile.
struct Session {
    let profile: Profile
    let address: ServerAddress
    let client: GloveboxClient
    let token: String?
    /// The files of the client certificate; nil without one.
    let identity: (certificate: String, key: String)?
    let terminal: Terminal

    private init(_ options: SiteOptions) throws(GloveboxError) {
        profile = try Profile(name: options.profile)
        terminal = options.terminal
        let given = options.server ?? Environment.variable("GLOVEBOX_URL")
        let kept: String?
        if let given { kept = given } else { kept = try profile.read("url") }
        guard let kept else {
            throw GloveboxError(
                "login.missing",
                "no site is known",
                hint: "Run 'glovebox login URL --token-file FILE'."
            )
        }
        address = try ServerAddress(kept)
        let file = options.tokenFile ?? Environment.variable("GLOVEBOX_TOKEN_FILE")
        if let file { token = try InputFile.text(file) } else { token = try profile.read("token") }
        let named = options.ca ?? Environment.variable("GLOVEBOX_CA")
        let authorities: String?
        if let named { authorities = named } else { authorities = try profile.path(of: "ca.pem") }
        if let given = try options.identity() { identity = given } else { identity = try profile.identity() }
        client = try GloveboxClient(address, token: token, authorities: authorities, identity: identity)
    }

    /// Runs a command against the site; a failure is one sentence and a stable exit status.
    static func run(_ options: SiteOptions, _ body: (Session) async throws -> Void) async throws {
        try await Failure.report(options.terminal) {
            let session = try Session(options)
            do { try await body(session) } catch {
                await session.client.close()
                throw error
            }
            await session.client.close()
        }
    }
}

/// How commands fail.
enum Failure {
    /// Runs a command; errors become a line on stderr and an exit status of the table in the manual.
    static func report(_ terminal: Terminal, _ body: () async throws -> Void) async throws {
        do { try await body() } catch let failure as RequestFailure {
            try leave(failure.error, failure.exitCode, terminal)
        } catch let error as GloveboxError {
            try leave(error, GloveboxAPI.ExitCode(error), terminal)
        }
    }

    /// Tells an error and ends the command with a status.
    static func leave(_ error: GloveboxError, _ code: GloveboxAPI.ExitCode, _ terminal: Terminal) throws {
        CommandFailure.tell(error, json: terminal.json)
        throw ArgumentParser.ExitCode(code.rawValue)
    }
}
