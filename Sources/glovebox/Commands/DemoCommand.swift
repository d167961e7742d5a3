import ArgumentParser
import GloveboxCore

/// The command `glovebox demo`.
struct DemoCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "demo",
        abstract: "Play the whole story in a site of its own: release, verify, and three attacks that must fail.",
        discussion: """
            Starts the sibling gloveboxd on a socket in the state directory and runs real commands of this program \
            against it; every line it shows comes from the run. It uses the policy demo-table, which releases at ticks \
            of 1 s instead of 15 min, a plan with --wall 5s, and a plan quorum of 1.

            EXAMPLE
              glovebox demo --state /tmp/demo --data fair.csv --image python.erofs
            """
    )

    @Option(help: ArgumentHelp("State directory; it must not hold a site.", valueName: "DIR"))
    var state: String?

    @Option(help: ArgumentHelp("The file fair.csv, as 'Deploy/demo-data' fetches it.", valueName: "FILE"))
    var data: String?

    @Option(help: ArgumentHelp("Image file with python3, numpy and pandas.", valueName: "FILE"))
    var image: String?

    @Option(help: ArgumentHelp("The TPM that vouches for the reports.", valueName: "none|swtpm|DEVICE"))
    var tpm: String?

    func run() async throws {
        try await Failure.report(Terminal(json: false, quiet: false)) {
            let stage = try DemoStage(state: state, data: data, image: image, tpm: tpm)
            defer { stage.stop() }
            try DemoStory(stage: stage).play()
        }
    }
}
