import ArgumentParser
import GloveboxLocalCommands

/// The command line for researchers, reviewers, operators and auditors.
struct Glovebox: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "glovebox",
        abstract: "Run code on data you may not see, and prove afterwards what ran under which rules.",
        discussion: """
            The enclave is emulated by the host's kernel; every report and every verdict says so.

            EXAMPLES
              glovebox demo                                          the whole story in a temporary site
              glovebox submit code --dataset fair --image python --policy aggregate-table -- python3 main.py
              glovebox approve job_… --yes
              glovebox fetch job_… -o results
              glovebox verify results/report.dsse.json --trust trust_config.json --accept emulated
            """,
        version: "0.1.0",
        subcommands: [ProbeCommand.self],
        groupedSubcommands: [
            CommandGroup(
                name: "Researcher",
                subcommands: [
                    LoginCommand.self, WhoAmICommand.self, DatasetsCommand.self, BudgetsCommand.self,
                    MeasureCommand.self,
                    TryCommand.self, SubmitCommand.self,
                    StatusCommand.self, WatchCommand.self, ResubmitCommand.self, CancelCommand.self, FetchCommand.self,
                    VerifyCommand.self,
                ]
            ),
            CommandGroup(
                name: "Reviewer",
                subcommands: [
                    InboxCommand.self, ShowCommand.self, ApproveCommand.self, DenyCommand.self, RevokeCommand.self,
                    ReviewCommand.self, OverrideCommand.self,
                ]
            ),
            CommandGroup(name: "Auditor", subcommands: [AuditCommand.self]),
            CommandGroup(
                name: "Operator",
                subcommands: [
                    InitCommand.self, KeysCommand.self, AccountCommand.self, TokenCommand.self,
                    WebhookCommand.self, CertificateCommand.self, NodeCommand.self, DatasetCommand.self,
                    WorkflowCommand.self, ProjectCommand.self, LogsCommand.self,
                    PolicyCommand.self, PauseCommand.self,
                    ResumeCommand.self, BackupCommand.self, RestoreCommand.self, RedactCommand.self, ImageCommand.self,
                    WorkerCommand.self, JailCommand.self, DemoCommand.self,
                    DoctorCommand.self, CollectCommand.self,
                ]
            ),
        ]
    )
}
