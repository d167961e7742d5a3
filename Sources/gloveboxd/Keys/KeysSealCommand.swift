import ArgumentParser
import GloveboxCore
import GloveboxSupervisor

/// `gloveboxd keys seal`: the broker's secret into the TPM, for a state that its owner signs.
struct KeysSealCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "seal",
        abstract: "Have the TPM keep the broker's secret, for the present programs and settings alone.",
        discussion: """
            The owner's key signs what PCR 14 holds: supervisor, launcher, and the site's settings with the choice of \
            --tpm, so give --tpm and --config as to 'gloveboxd serve'. The TPM then gives the secret out in that state \
            and in no other. After an upgrade or a change of settings 'serve' refuses (kbs.sealed) until the owner \
            signs again; what was signed before opens nothing any more. With a device, restart the host first, so that \
            PCR 14 has the new programs alone. The first time a missing key file is made; keep it off the site, and \
            a copy of it: without it no upgrade opens the data. swtpm is emulation: a copy of its directory is a second TPM.

            From then on a counter of the TPM moves with every entry of the ledger, so a site that was put back, its log \
            with it, opens no data (kbs.rollback). After a loss of the disk the owner may accept the ledger of a \
            backup: what was spent since it was made is forgotten, and the log says so.

            EXAMPLES
              glovebox keys seal --state S --owner /media/owner/kek.pem --tpm swtpm
              glovebox keys seal --state S --owner /media/owner/kek.pem --tpm /dev/tpmrm0 --json
              glovebox keys seal --state S --owner /media/owner/kek.pem --tpm /dev/tpmrm0 --accept-older-ledger
            """
    )

    @OptionGroup var place: StateOption

    @Option(help: ArgumentHelp("The owner's P-256 key, PEM, mode 0600.", valueName: "FILE"))
    var owner: String

    @OptionGroup var tpm: TPMOption

    @Option(help: ArgumentHelp("Settings; STATE/gloveboxd.yaml unless given.", valueName: "FILE"))
    var config: String?

    @Flag(help: "Accept a ledger that the TPM's counter has left behind, as after restoring a backup.")
    var acceptOlderLedger = false

    @OptionGroup var report: ReportOptions

    func run() throws {
        try report.report { () throws(GloveboxError) in
            let layout = SiteLayout(root: place.path, settings: config.map(StateOption.absolute))
            let ceremony = SealingCeremony(layout, tpm: tpm.choice)
            let outcome = try ceremony.seal(
                ownerKey: StateOption.absolute(owner),
                acceptingOlderLedger: acceptOlderLedger
            )
            report.result(
                outcome.json,
                [
                    "kept by  \(outcome.keeper)", "owner    \(outcome.owner.hex)", "PCR 14   \(outcome.pcr.hex)",
                    "ledger   \(outcome.entries) entries, counted by the TPM",
                ]
            )
        }
    }
}
