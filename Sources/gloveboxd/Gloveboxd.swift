import ArgumentParser

/// The supervisor's program.
struct Gloveboxd: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "gloveboxd",
        abstract: "Run code on private data in an emulated enclave, and let out only what policy allows.",
        discussion: """
            EXAMPLES
              gloveboxd init --state /var/lib/glovebox --name hospital-a --origin log.hospital-a.example
              gloveboxd serve --state /var/lib/glovebox
            """,
        version: "0.1.0",
        subcommands: [
            InitCommand.self, ServeCommand.self, RestoreCommand.self, AdoptCommand.self, RecoverCommand.self,
            SelftestCommand.self,
            PolicyCommand.self, DatasetCommand.self,
            TryCommand.self, KeysCommand.self, WorkerCommand.self, BrokerCommand.self, SignerCommand.self,
        ]
    )
}
