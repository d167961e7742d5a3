import ArgumentParser
import GloveboxCore
import GloveboxSupervisor

/// `gloveboxd keys rotate`: another key for one use.
struct KeysRotateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rotate",
        abstract: "Give one use a new key, and publish it.",
        discussion: """
            USE is root, platform, nodes (the CA of nodes), sct (certificate time stamps), tsa (time-stamping authority), links (in-toto links), \
            log (checkpoints), witness (cosignatures for other logs), broker (the key that wraps data keys) or tpm (the \
            TPM's attestation key, made and published at the next start; also after the TPM was exchanged). \
            A new root comes with a new platform CA and a new node CA, and the old root signs that it takes its place. The private half of \
            the old key is destroyed; for log and witness when --overlap is over, during which both sign, so that those \
            who know the old key alone can take up the new one: tell them STATE/log.vkey or STATE/witness.vkey. After \
            links the owner signs the workflow again: glovebox workflow sign. The broker wraps its data keys anew; data \
            are not encrypted again. People change their own keys: 'glovebox login' enrols one, 'keys revoke' withdraws \
            the old one.

            EXAMPLES
              glovebox keys rotate platform --state S --root /media/root
              glovebox keys rotate root --state S --root /media/root --new-root /media/root2
              glovebox keys rotate log --state S --root /media/root --overlap 30
              glovebox keys rotate broker --state S --root /media/root --tpm swtpm
              glovebox keys rotate tpm --state S
            """
    )

    @Argument(help: "root, platform, nodes, sct, tsa, links, log, witness, broker or tpm.", transform: Self.use)
    var chosen: Chosen

    /// A key of the site's keyring, or the one that a TPM keeps.
    enum Chosen: Equatable {
        case site(KeyUse)
        case tpm
    }

    private var use: KeyUse? { if case .site(let use) = chosen { use } else { nil } }

    @OptionGroup var place: StateOption
    @OptionGroup var root: RootOption

    @Option(
        help: ArgumentHelp("Directory of the root that takes over, made by 'keys init'.", valueName: "DIR")
    )
    var newRoot: String?

    @Option(
        help: ArgumentHelp(
            "Days for which the old key of log or witness signs too; 7 unless given, 0 when it is not safe.",
            valueName: "DAYS"
        )
    )
    var overlap: Int64?

    @OptionGroup var tpm: TPMOption

    @OptionGroup var report: ReportOptions

    static func use(_ text: String) throws -> Chosen {
        if text == "tpm" { return .tpm }
        guard let use = KeyUse(rawValue: text) else {
            throw ValidationError("USE is one of \(KeyUse.allCases.map(\.rawValue).joined(separator: ", ")), tpm.")
        }
        return .site(use)
    }

    func validate() throws {
        if newRoot != nil, use != .root { throw ValidationError("--new-root goes with root alone.") }
        guard let overlap else { return }
        guard use?.overlaps == true else { throw ValidationError("--overlap goes with log and witness alone.") }
        guard (0...366).contains(overlap) else { throw ValidationError("--overlap is 0 to 366 days.") }
    }

    func run() throws {
        try report.report { () throws(GloveboxError) in
            let ceremony = try KeyCeremony(SiteLayout(root: place.path), rootDirectory: root.path, tpm: tpm.choice)
            guard let use else {
                let before = try ceremony.forgetAttestationKey()
                report.result(
                    ["changed": [["use": "tpm", "before": .string(before.hex)]]],
                    ["tpm  at the next start  before \(before.hex)"]
                )
                return
            }
            let changes = try ceremony.rotate(
                use,
                newRoot: newRoot.map(StateOption.absolute),
                overlap: use.overlaps ? (overlap ?? 7) * 86400 : 0
            )
            report.result(
                ["changed": .array(changes.map(\.json))],
                changes.map { "\($0.use.rawValue)  \($0.now.hex)  from \($0.from)  before \($0.before?.hex ?? "none")" }
            )
        }
    }
}
