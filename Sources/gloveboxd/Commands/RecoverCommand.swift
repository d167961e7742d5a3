import ArgumentParser
import GloveboxAPI
import GloveboxCore
import GloveboxSupervisor

/// `gloveboxd recover`: what a restored disk lacks of the log comes back from a mirror.
struct RecoverCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "recover",
        abstract: "Fetch entries of the log that a restored disk lacks from a mirror.",
        discussion: """
            A site whose disk is behind what its log signed does not start (log.rollback): to go on there would sign a second \
            history. This fetches the missing entries from anybody who keeps a copy of the log, a directory or URL with \
            checkpoint and tiles, and takes them when they lead to the root that was signed. A mirror that says anything \
            else changes nothing. Ended half-way, it is started again.

            A mirror has no private bodies. When none of the entries changed the site's state, as heartbeats, starts and \
            readers do not, the site goes on as before. Otherwise nobody knows what was approved, revoked, released or spent \
            meanwhile: the log goes on and is served, audited and witnessed, and the site runs no job, releases nothing, \
            opens no data and takes no change. Budgets stay as they were and cannot be used. Either way the log says so at \
            the next start, and the site cosigns for nobody before 'glovebox keys rotate witness'.

            EXAMPLES
              gloveboxd recover --state /var/lib/glovebox --mirror /srv/mirror/hospital-a
              gloveboxd recover --state /var/lib/glovebox --mirror https://mirror.example/hospital-a
            """
    )

    @OptionGroup var place: StateOption

    @Option(help: ArgumentHelp("The log as somebody else keeps it.", valueName: "DIR|URL"))
    var mirror: String

    @OptionGroup var tpm: TPMOption

    func run() async throws {
        let layout = SiteLayout(root: place.path)
        let outcome: SiteRecovery.Outcome
        do throws(GloveboxError) {
            outcome = try await LogPlace.with(mirror) { source throws(GloveboxError) in
                try await SiteRecovery.recover(layout, from: source, tpm: tpm.choice)
            }
        } catch {
            try Failure.report { () throws(GloveboxError) in throw error }
            return
        }
        let (from, to) = (outcome.entries.lowerBound, outcome.entries.upperBound)
        print("log     \(to) entries: \(from) to \(to - 1) came back, without their private bodies")
        if let closed = outcome.closed {
            print("lost    \(closed.message)")
            print("site    \(closed.hint ?? "")")
        } else {
            print("site    whole: none of them changed its state")
        }
        print("next    gloveboxd serve --state \(layout.root)")
    }
}
