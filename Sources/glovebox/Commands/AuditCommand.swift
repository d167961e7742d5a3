import ArgumentParser

/// The commands `glovebox audit …`.
struct AuditCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "audit",
        abstract: "The transparency log, for those who check it.",
        subcommands: [AuditSelftestCommand.self]
    )
}
