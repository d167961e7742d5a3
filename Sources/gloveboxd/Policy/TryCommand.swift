import ArgumentParser
import Glibc
import GloveboxCore
import GloveboxSupervisor

/// `gloveboxd try`: a job on the mock twin.
struct TryCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "try",
        abstract: "Run a job on the mock twin in the same jail, under the same output policy, before asking anyone.",
        discussion: """
            Needs no site: the mock twin is made from the schema alone. What the program prints goes to stderr, and every \
            reason is exact, since nothing here is private. The real run tells no more than released or not-released. \
            Cells that are safe on mock data may be small on the real rows.

            Under a policy of programs over blocks the program runs once on each block of the mock twin, for at most the \
            policy's time. A noisy answer is shown with what it would cost; no ledger is touched. A model or made-up rows are \
            held against a part of the twin that the program did not see. --join puts another twin beside the first.

            EXAMPLE
              glovebox try code --schema fair.dataset.yaml --input-policy fair.input.yaml --policy aggregate-table \\
                --image python -- python3 main.py

            EXIT STATUS
              0 it would leave, or go to review; 1 unreadable; 2 usage; 3 it would be refused; 7 the program failed, \
              on every block when there are blocks.
            """
    )

    @Argument(help: ArgumentHelp("Directory of the code, the specs in it.", valueName: "DIR"))
    var code: String

    @OptionGroup var documents: FilterOptions

    @Option(help: ArgumentHelp("Image by name or digest.", valueName: "IMAGE"))
    var image: String

    @Option(help: ArgumentHelp("Image store (default: $GLOVEBOX_IMAGES, or below the user's cache).", valueName: "DIR"))
    var images: String?

    @Option(help: ArgumentHelp("Wall-clock limit in seconds.", valueName: "SECONDS"))
    var wall: UInt64 = 60

    @Option(help: ArgumentHelp("Memory in MiB.", valueName: "MIB"))
    var memory: UInt64 = 2048

    @OptionGroup var options: ReportOptions

    @Argument(parsing: .postTerminator, help: "The command, after --.")
    var command: [String]

    func validate() throws {
        guard !command.isEmpty else { throw ValidationError("Give the command after --.") }
        guard (1...86400).contains(wall), (16...1 << 20).contains(memory) else {
            throw ValidationError("--wall must be 1 to 86400, --memory 16 to 1048576.")
        }
    }

    func run() throws {
        var status: Int32 = 0
        try options.report { () throws(GloveboxError) in
            let filter = try documents.filter(code: code)
            let outcome = try Rehearsal(filter).run(job) { ReportOptions.write($0, to: 2) }
            var object = JSONObject([("code", .string(outcome.code.named)), ("end", .string(outcome.end))])
            object["verdict"] = outcome.verdict?.json
            options.result(
                .object(object),
                ["code        \(outcome.code.named)", "program     \(outcome.end)"]
                    + (outcome.verdict?.lines ?? ["outcome     refuse; a program that fails releases nothing"])
            )
            status = outcome.hasFailed ? 7 : outcome.verdict?.outcome == "refuse" ? 3 : 0
        }
        if status != 0 { throw ExitCode(status) }
    }

    private var job: Rehearsal.Job {
        Rehearsal.Job(
            code: StateOption.absolute(code),
            image: image,
            images: StateOption.absolute(images ?? Self.store),
            command: command,
            wallSeconds: wall,
            memory: memory << 20
        )
    }

    private static var store: String {
        func variable(_ name: String) -> String? { unsafe getenv(name).map { unsafe String(cString: $0) } }
        if let path = variable("GLOVEBOX_IMAGES") { return path }
        return (variable("XDG_CACHE_HOME") ?? (variable("HOME") ?? "") + "/.cache") + "/glovebox/images"
    }
}
