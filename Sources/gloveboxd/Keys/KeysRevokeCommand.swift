import ArgumentParser
import GloveboxAttestation
import GloveboxCore
import GloveboxSupervisor

/// `gloveboxd keys revoke`: a key that no longer counts.
struct KeysRevokeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "revoke",
        abstract: "Withdraw a person's key, or a key of the site that was changed before.",
        discussion: """
            KEY is the key's 64 hex digits in 'keys list'. What it signed before --from still counts; what it signed \
            since does not, in reports that exist too. Jobs that wait and rest on its signature are not run.

            EXAMPLES
              glovebox keys revoke KEY --reason withdrawn --state S
              glovebox keys revoke KEY --reason compromised --from 2026-01-02T03:04:05Z --state S --root /media/root
            """
    )

    @Argument(help: "The key's 64 hex digits.")
    var key: String

    @Option(help: "compromised, superseded or withdrawn.")
    var reason: String

    @Option(help: ArgumentHelp("From when; now unless given.", valueName: "TIME"))
    var from: String?

    @OptionGroup var place: StateOption
    @OptionGroup var root: RootOption
    @OptionGroup var report: ReportOptions

    func run() throws {
        guard let key = Digest(hex: key) else { throw ValidationError("KEY has 64 lower-case hex digits.") }
        guard let reason = Revocation.Reason(rawValue: reason) else {
            let words = Revocation.Reason.allCases.map(\.rawValue).joined(separator: ", ")
            throw ValidationError("--reason is one of \(words).")
        }
        let given = from.map { Instant($0) }
        if case .some(.none) = given { throw ValidationError("--from takes a UTC time, such as 2026-01-02T03:04:05Z.") }
        try report.report { () throws(GloveboxError) in
            let ceremony = try KeyCeremony(SiteLayout(root: place.path), rootDirectory: root.path)
            let revoked = try ceremony.revoke(
                key,
                reason: reason,
                from: (given ?? nil) ?? Instant(seconds: Machine.now().seconds)
            )
            report.result(
                [
                    "key": .string(key.hex), "from": .string(revoked.from.text), "reason": .string(reason.rawValue),
                    "logIndex": .string(String(revoked.logIndex)),
                ],
                ["revoked  \(key.hex)  from \(revoked.from)  \(reason.rawValue)  log index \(revoked.logIndex)"]
            )
        }
    }
}
