import ArgumentParser
import GloveboxBroker
import GloveboxCore

/// `gloveboxd signer`: the signer, a companion that `serve` starts.
struct SignerCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "signer",
        abstract: "Certify and sign reports; started by 'serve', never by hand.",
        discussion: """
            Speaks on descriptor 0 with the supervisor that started it, has its keys in the directory behind descriptor 3, \
            and runs as that directory's owner. It ends with the supervisor.

            EXAMPLE
              gloveboxd serve --state /var/lib/glovebox    # starts the signer
            """,
        shouldDisplay: false
    )

    func run() throws { try Failure.report { () throws(GloveboxError) in try CompanionProcess.runSigner() } }
}
