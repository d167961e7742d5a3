import ArgumentParser
import GloveboxBroker
import GloveboxCore

/// `gloveboxd broker`: the key broker, a companion that `serve` starts.
struct BrokerCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "broker",
        abstract: "Keep the keys of datasets; started by 'serve', never by hand.",
        discussion: """
            Speaks on descriptor 0 with the supervisor that started it, keeps its store in the directory behind descriptor 3, \
            and runs as that directory's owner. It ends with the supervisor.

            EXAMPLE
              gloveboxd serve --state /var/lib/glovebox    # starts the broker
            """,
        shouldDisplay: false
    )

    func run() throws { try Failure.report { () throws(GloveboxError) in try CompanionProcess.runBroker() } }
}
