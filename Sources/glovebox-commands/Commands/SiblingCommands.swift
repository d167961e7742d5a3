import ArgumentParser
import GloveboxLocalCommands

/// A command that the daemon's program runs, since it alone reads YAML.
protocol SiblingCommand: ParsableCommand {
    /// The command's words in `gloveboxd`.
    static var words: [String] { get }
    /// What the user gave.
    var options: [String] { get }
}

extension SiblingCommand {
    /// Becomes the daemon's program.
    func run() throws { try DaemonProgram.become(Self.words + options) }

    /// What `--help` of the group says about the command.
    static func described(_ abstract: String) -> CommandConfiguration {
        CommandConfiguration(
            commandName: words.last,
            abstract: abstract,
            discussion: "Runs 'gloveboxd \(words.joined(separator: " "))', which --help describes."
        )
    }
}

/// The command `glovebox policy check`.
struct PolicyCheckCommand: SiblingCommand {
    static let words = ["policy", "check"]
    static let configuration: CommandConfiguration = described("Check policy files, alone or on top of each other.")

    @Argument(parsing: .captureForPassthrough, help: "Files and options.")
    var options: [String] = []
}

/// The command `glovebox policy diff`.
struct PolicyDiffCommand: SiblingCommand {
    static let words = ["policy", "diff"]
    static let configuration: CommandConfiguration = described("Show every limit in which two policy files differ.")

    @Argument(parsing: .captureForPassthrough, help: "Two files and options.")
    var options: [String] = []
}

/// The command `glovebox policy explain`.
struct PolicyExplainCommand: SiblingCommand {
    static let words = ["policy", "explain"]
    static let configuration: CommandConfiguration = described("Show which line of which document set each limit.")

    @Argument(parsing: .captureForPassthrough, help: "Files and options.")
    var options: [String] = []
}

/// The command `glovebox policy eval`.
struct PolicyEvalCommand: SiblingCommand {
    static let words = ["policy", "eval"]
    static let configuration: CommandConfiguration = described(
        "Run the whole release filter on a directory, with no jail."
    )

    @Argument(parsing: .captureForPassthrough, help: "Options.")
    var options: [String] = []
}

/// The command `glovebox policy view`.
struct PolicyViewCommand: SiblingCommand {
    static let words = ["policy", "view"]
    static let configuration: CommandConfiguration = described("Write what a job under a policy is shown of a dataset.")

    @Argument(parsing: .captureForPassthrough, help: "Options.")
    var options: [String] = []
}

/// The command `glovebox policy claim`.
struct PolicyClaimCommand: SiblingCommand {
    static let words = ["policy", "claim"]
    static let configuration: CommandConfiguration = described(
        "Compute the epsilon of a training from its parameters, and compare it with what is stated."
    )

    @Argument(parsing: .captureForPassthrough, help: "File and options.")
    var options: [String] = []
}

/// The command `glovebox try`.
struct TryCommand: SiblingCommand {
    static let words = ["try"]
    static let configuration: CommandConfiguration = described("Run a job on the mock twin, release filter included.")

    @Argument(parsing: .captureForPassthrough, help: "Code directory, options, command.")
    var options: [String] = []
}

/// The command `glovebox dataset check`.
struct DatasetCheckCommand: SiblingCommand {
    static let words = ["dataset", "check"]
    static let configuration: CommandConfiguration = described("Check every value of a file, and how rows hide.")

    @Argument(parsing: .captureForPassthrough, help: "File and options.")
    var options: [String] = []
}

/// The commands `glovebox worker`.
struct WorkerCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "worker",
        abstract: "Run jobs in processes that a scheduler starts.",
        subcommands: [WorkerRunCommand.self, WorkerBundleCommand.self, WorkerResultCommand.self]
    )
}

/// The command `glovebox worker run`.
struct WorkerRunCommand: SiblingCommand {
    static let words = ["worker", "run"]
    static let configuration: CommandConfiguration = described(
        "Run the jails of one queued job, of a site on this machine or on another."
    )

    @Argument(parsing: .captureForPassthrough, help: "Options.")
    var options: [String] = []
}

/// The command `glovebox worker bundle`.
struct WorkerBundleCommand: SiblingCommand {
    static let words = ["worker", "bundle"]
    static let configuration: CommandConfiguration = described(
        "Write the order of a queued job into a file, for a node that has no route to the site."
    )

    @Argument(parsing: .captureForPassthrough, help: "Options.")
    var options: [String] = []
}

/// The command `glovebox worker result`.
struct WorkerResultCommand: SiblingCommand {
    static let words = ["worker", "result"]
    static let configuration: CommandConfiguration = described(
        "Take in what a node without a route to the site made of a job."
    )

    @Argument(parsing: .captureForPassthrough, help: "File and options.")
    var options: [String] = []
}
