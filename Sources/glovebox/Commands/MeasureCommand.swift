import ArgumentParser
import GloveboxCore
import GloveboxMeasure

/// The command `glovebox measure`.
struct MeasureCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "measure",
        abstract: "Print the digests of a code tree, as a plan names them; offline.",
        discussion: "EXAMPLE\n  glovebox measure code --json"
    )

    @Argument(help: "Directory.")
    var directory: String

    @Flag(help: "Print one JSON object.")
    var json = false

    func run() async throws {
        try await Failure.report(Terminal(json: json, quiet: false)) {
            let code = try CodeTree.measure(directory: directory)
            Terminal(json: json, quiet: false).result(code.json, [code.text])
        }
    }
}
