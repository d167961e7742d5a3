import ArgumentParser

/// The command `glovebox audit`: everything that checks a log or shows what is in it.
struct AuditCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "audit",
        abstract: "Check a site's transparency log, with no account and without trusting the site.",
        discussion: """
            The log's key, or a policy with keys of logs and witnesses, must come from someone other than the server. \
            Exit status 0 verified, 1 refused, 2 usage or unreadable input.

            EXAMPLES
              glovebox audit verify --log https://log.datasite.example --key log.vkey --since last.checkpoint
              glovebox audit prove 42 --log /var/lib/glovebox --key log.vkey --out 42.tlog-proof --entry-out 42.json
              glovebox audit check 42.tlog-proof --entry 42.json --key log.vkey
              glovebox audit gaps --log https://log.datasite.example --key log.vkey
              glovebox audit export --out audit.tar --profile auditor
            """,
        subcommands: [
            AuditVerifyCommand.self, AuditProveCommand.self, AuditCheckCommand.self, AuditCompareCommand.self,
            AuditShowCommand.self, AuditJobCommand.self, AuditGapsCommand.self, AuditExportCommand.self,
            AuditUnpackCommand.self, AuditTimestampCommand.self, AuditSelftestCommand.self,
        ]
    )
}
