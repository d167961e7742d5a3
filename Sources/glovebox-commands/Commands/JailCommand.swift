import ArgumentParser
import GloveboxLocalCommands

/// `glovebox jail`: the direct door to the jail.
struct JailCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "jail",
        abstract: "Run a command in exactly the jail jobs get, or see its filter.",
        subcommands: [JailRunCommand.self, JailFilterCommand.self]
    )
}
