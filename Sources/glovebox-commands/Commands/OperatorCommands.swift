import ArgumentParser
import GloveboxAPI
import GloveboxCore
import GloveboxJobs
import GloveboxLocalCommands

/// The command `glovebox account`.
struct AccountCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "account",
        abstract: "Manage accounts.",
        subcommands: [Add.self]
    )

    /// The command `glovebox account add`.
    struct Add: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Make an account; its token is written to a file, once.",
            discussion: "EXAMPLE\n  glovebox account add alice --role researcher --token-out alice.token"
        )

        @Argument(help: "Name of the account.")
        var name: String

        @Option(help: "Role: owner, operator, reviewer, researcher or auditor; repeatable.")
        var role: [String]

        @Option(help: ArgumentHelp("File for the token.", valueName: "FILE"))
        var tokenOut: String

        @OptionGroup var site: SiteOptions

        func run() async throws {
            try await Session.run(site) { session in
                var roles: Set<Role> = []
                for name in role { roles.insert(try Role(reading: name)) }
                let made = try await session.client.createAccount(CreateAccountRequest(name: name, roles: roles))
                try OutputFile.write(Array((made.token + "\n").utf8), to: tokenOut, mode: 0o600)
                session.terminal.result(
                    ["account": .string(made.account)],
                    [
                        Terminal.row("account", "\(name) (\(roles.names.joined(separator: ", ")))"),
                        Terminal.row("token", tokenOut),
                    ]
                )
            }
        }
    }
}

/// The command `glovebox dataset`.
struct DatasetCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dataset",
        abstract: "Check and register datasets, and split their lineages.",
        subcommands: [Add.self, DatasetCheckCommand.self, LineageSplitCommand.self]
    )

    /// The command `glovebox dataset add`.
    struct Add: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Register a dataset: check every value, encrypt it, publish a mock twin.",
            discussion: """
                The private file is read by gloveboxd on this host and kept encrypted. The mock twin is made from the \
                schema alone and holds no bit of the private rows.

                EXAMPLE
                  glovebox dataset add fair --private fair.csv --schema fair.dataset.yaml --input-policy fair.input.yaml
                """
        )

        @Argument(help: "Name of the dataset.")
        var name: String

        @Option(name: .customLong("private"), help: ArgumentHelp("The private file.", valueName: "FILE"))
        var privateFile: String

        @Option(help: ArgumentHelp("Columns, bounds, codes, privacy unit.", valueName: "FILE"))
        var schema: String

        @Option(help: ArgumentHelp("What a job may see of it.", valueName: "FILE"))
        var inputPolicy: String

        @OptionGroup var site: SiteOptions

        func run() async throws {
            try await Session.run(site) { session in
                let made = try await session.client.addDataset(
                    AddDatasetRequest(
                        name: name,
                        schema: try InputFile.text(schema) + "\n",
                        inputPolicy: try InputFile.text(inputPolicy) + "\n",
                        privatePath: try HostPath.absolute(privateFile)
                    )
                )
                session.terminal.result(
                    made.json,
                    [
                        Terminal.row("dataset", "\(made.name) version \(made.version), encrypted"),
                        Terminal.row("columns", made.columns.joined(separator: ", ")),
                        Terminal.row("unit", made.privacyUnit),
                        Terminal.row("mock", "\(made.mockBytes) bytes, \(made.mockDigest)"),
                    ]
                )
            }
        }
    }
}

/// The command `glovebox datasets`.
struct DatasetsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "datasets", abstract: "List datasets.")

    @OptionGroup var site: SiteOptions

    func run() async throws {
        try await Session.run(site) { session in
            let list = try await session.client.datasets()
            session.terminal.result(
                list.json,
                list.items.map {
                    "\($0.name) version \($0.version): \($0.columns.joined(separator: ", ")); mock \($0.mockBytes) bytes"
                }
            )
        }
    }
}

/// The command `glovebox policy`.
struct PolicyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "policy",
        abstract: "Check, explain, try and publish policies.",
        subcommands: [
            Add.self, List.self, PolicyCheckCommand.self, PolicyDiffCommand.self, PolicyExplainCommand.self,
            PolicyEvalCommand.self, PolicyViewCommand.self, PolicyClaimCommand.self,
        ]
    )

    /// The command `glovebox policy add`.
    struct Add: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Publish a policy; one that cannot be enforced is refused.",
            discussion: """
                A policy below another states only what it tightens, for a dataset or for a project; one that loosens is \
                refused with its line. The site's policy, the dataset's, the project's and the run's are merged into each \
                plan, in this order.

                EXAMPLES
                  glovebox policy add table.yaml
                  glovebox policy add stricter.yaml --below aggregate-table --dataset census
                  glovebox policy add fewer-columns.input.yaml --below census --project flu
                """
        )

        @Argument(help: "YAML file.")
        var file: String

        @Option(
            help: ArgumentHelp(
                "The output policy, or of an input policy the dataset, that it tightens.",
                valueName: "NAME"
            )
        )
        var below: String?

        @Option(help: ArgumentHelp("Tighten it for this dataset.", valueName: "NAME"))
        var dataset: String?

        @Option(help: ArgumentHelp("Tighten it for this project.", valueName: "NAME"))
        var project: String?

        func validate() throws {
            guard (below == nil) == (dataset == nil && project == nil), dataset == nil || project == nil else {
                throw ValidationError("Give --below together with one of --dataset and --project, or none of them.")
            }
        }

        private var place: AddPolicyRequest.Place? {
            guard let below, let subject = dataset ?? project else { return nil }
            return AddPolicyRequest.Place(
                below: below,
                level: dataset == nil ? .project : .dataset,
                subject: subject
            )
        }

        @OptionGroup var site: SiteOptions

        func run() async throws {
            try await Session.run(site) { session in
                let made = try await session.client.addPolicy(
                    AddPolicyRequest(document: InputFile.text(file) + "\n", place: place)
                )
                session.terminal.result(made.json, [Terminal.row("policy", "\(made.name) \(made.digest)")])
            }
        }
    }

    /// The command `glovebox policy list`.
    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List policies.")

        @OptionGroup var site: SiteOptions

        func run() async throws {
            try await Session.run(site) { session in
                let list = try await session.client.policies()
                session.terminal.result(list.json, list.items.map { "\($0.name) version \($0.version) \($0.digest)" })
            }
        }
    }
}

/// The command `glovebox pause`.
struct PauseCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "pause", abstract: "Stop every start and release.")

    @Option(name: [.customShort("m"), .customLong("message")], help: "Why; it stands in the log.")
    var message: String

    @OptionGroup var site: SiteOptions

    func run() async throws {
        try await Session.run(site) { session in
            let state = try await session.client.pause(SiteStateRequest(reason: message))
            session.terminal.result(state.json, [Terminal.row("site", "paused: nothing starts, nothing is released")])
        }
    }
}

/// The command `glovebox resume`.
struct ResumeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "resume", abstract: "Allow starts and releases again.")

    @Option(name: [.customShort("m"), .customLong("message")], help: "Why; it stands in the log.")
    var message: String

    @OptionGroup var site: SiteOptions

    func run() async throws {
        try await Session.run(site) { session in
            let state = try await session.client.resume(SiteStateRequest(reason: message))
            session.terminal.result(state.json, [Terminal.row("site", "open")])
        }
    }
}

/// `glovebox init`: runs the sibling daemon's command, since the store is the daemon's.
struct InitCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "init",
        abstract: "Found a site (runs 'gloveboxd init').",
        discussion:
            "EXAMPLE\n  glovebox init --state /var/lib/glovebox --name hospital-a --origin log.hospital-a.example"
    )

    @Argument(parsing: .captureForPassthrough, help: "Options of 'gloveboxd init'.")
    var options: [String] = []

    func run() throws {
        try DaemonProgram.become(["init"] + options)
    }
}
