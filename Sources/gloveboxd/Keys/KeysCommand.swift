import ArgumentParser

/// `gloveboxd keys`: the keys of a site whose supervisor is stopped.
struct KeysCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "keys",
        abstract: "Make, change, withdraw and list the keys of a stopped site.",
        discussion: """
            A root certifies the platform CA and signs the trust policy; the CA certifies one leaf key a report. Log, \
            certificate time stamps, time-stamping authority and workflow links have keys of their own. A key that is \
            changed stays in the trust files with the end of its period: what it signed before still counts, what it \
            signs later does not.

            EXAMPLES
              glovebox keys init --root /media/root --name hospital-a
              gloveboxd init --state S --name hospital-a --origin log.hospital-a.example --root /media/root
              glovebox keys rotate platform --state S --root /media/root
              glovebox keys revoke KEY --reason compromised --state S --root /media/root
              glovebox keys list --state S
              glovebox keys seal --state S --owner /media/owner/kek.pem --tpm swtpm
            """,
        subcommands: [
            KeysInitCommand.self, KeysRotateCommand.self, KeysRevokeCommand.self, KeysSignCommand.self,
            KeysListCommand.self, KeysSealCommand.self,
        ]
    )
}
