import ArgumentParser
import GloveboxSupervisor

/// `--tpm`, of commands that need the site's TPM.
struct TPMOption: ParsableArguments {
    @Option(
        name: .customLong("tpm"),
        help: ArgumentHelp(
            "The TPM that vouches for reports: none, swtpm, or a device.",
            valueName: "none|swtpm|DEVICE"
        ),
        transform: { text in
            guard let choice = TPMChoice(text) else {
                throw ValidationError("--tpm takes none, swtpm, or a device such as /dev/tpmrm0.")
            }
            return choice
        }
    )
    var choice: TPMChoice?
}
