import ArgumentParser

/// The command `glovebox keys`.
struct KeysCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "keys",
        abstract: "Make, change, withdraw and list a stopped site's keys; compare trust files.",
        discussion: """
            EXAMPLES
              glovebox keys init --root /media/root --name hospital-a
              glovebox keys rotate platform --state S --root /media/root
              glovebox keys revoke KEY --reason compromised --state S
              glovebox keys list --state S --json
              glovebox keys seal --state S --owner /media/owner/kek.pem --tpm swtpm
              glovebox keys check --trust new/trust_config.json --since old/trust_config.json
            """,
        subcommands: [
            KeysInitCommand.self, KeysRotateCommand.self, KeysRevokeCommand.self, KeysSignCommand.self,
            KeysListCommand.self, KeysSealCommand.self, KeysCheckCommand.self,
        ]
    )
}

/// The command `glovebox keys init`.
struct KeysInitCommand: SiblingCommand {
    static let words = ["keys", "init"]
    static let configuration: CommandConfiguration = described("Make a root to be kept off the site.")

    @Argument(parsing: .captureForPassthrough, help: "Options.")
    var options: [String] = []
}

/// The command `glovebox keys rotate`.
struct KeysRotateCommand: SiblingCommand {
    static let words = ["keys", "rotate"]
    static let configuration: CommandConfiguration = described("Give one use a new key, and publish it.")

    @Argument(parsing: .captureForPassthrough, help: "Use and options.")
    var options: [String] = []
}

/// The command `glovebox keys revoke`.
struct KeysRevokeCommand: SiblingCommand {
    static let words = ["keys", "revoke"]
    static let configuration: CommandConfiguration = described("Withdraw a key from a time on.")

    @Argument(parsing: .captureForPassthrough, help: "Key and options.")
    var options: [String] = []
}

/// The command `glovebox keys sign`.
struct KeysSignCommand: SiblingCommand {
    static let words = ["keys", "sign"]
    static let configuration: CommandConfiguration = described("Have a root kept off the site sign the trust files.")

    @Argument(parsing: .captureForPassthrough, help: "Options.")
    var options: [String] = []
}

/// The command `glovebox keys list`.
struct KeysListCommand: SiblingCommand {
    static let words = ["keys", "list"]
    static let configuration: CommandConfiguration = described("Show every key, with periods and revocations.")

    @Argument(parsing: .captureForPassthrough, help: "Options.")
    var options: [String] = []
}

/// The command `glovebox keys seal`.
struct KeysSealCommand: SiblingCommand {
    static let words = ["keys", "seal"]
    static let configuration: CommandConfiguration = described("Have the TPM keep the broker's secret.")

    @Argument(parsing: .captureForPassthrough, help: "Options.")
    var options: [String] = []
}
