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
            of 1 s instead of 15 min, a plan with --wall 5s, and a plan quorum of 1. --story plays three more stories, with \
            randhie.csv, breast_cancer.csv and ACTG175.csv beside the first file, as 'Deploy/demo-data' puts them there.

            EXAMPLES
              glovebox demo --state /tmp/demo --data fair.csv --image python.erofs
              glovebox demo --story
              glovebox demo --eat --nonce 000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f
            """
    )

    @Flag(help: "Play the stories of the other datasets, too: noisy answers, a model, and a trial without names.")
    var story = false

    @Option(help: ArgumentHelp("State directory; it must not hold a site.", valueName: "DIR"))
    var state: String?

    @Option(help: ArgumentHelp("The file fair.csv, as 'Deploy/demo-data' fetches it.", valueName: "FILE"))
    var data: String?

    @Option(help: ArgumentHelp("Image file with python3, numpy and pandas.", valueName: "FILE"))
    var image: String?

    @Option(help: ArgumentHelp("The TPM that vouches for the reports.", valueName: "none|swtpm|DEVICE"))
    var tpm: String?

    @Flag(help: "Have the first report as CWT and JWT, too.")
    var eat = false

    @Option(help: ArgumentHelp("32 bytes that the first report must carry, in hex.", valueName: "HEX"))
    var nonce: NonceText?

    func run() async throws {
        try await Failure.report(Terminal(json: false, quiet: false)) {
            let stage = try DemoStage(state: state, data: data, image: image, tpm: tpm)
            defer { stage.stop() }
            try DemoStory(stage: stage, nonce: nonce, wantsTokens: eat).play(withStories: story)
        }
    }
}
