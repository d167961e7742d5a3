import ArgumentParser
import GloveboxCore
import GloveboxSupervisor

/// `gloveboxd adopt`: a copied state directory becomes the site.
struct AdoptCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "adopt",
        abstract: "Make a copied state directory the site's own, when the first one is gone.",
        discussion: """
            A log must never sign two histories, so a copy of a state directory does not start: a snapshot put back by hand, a \
            directory moved to another disk. This compares the copy's journal with the newest checkpoint that anybody else \
            has, refuses while the first directory is still there, and writes into the log that it happened. A directory that \
            was only renamed needs none of this. A backup made by 'glovebox backup' comes back with 'gloveboxd restore'.

            EXAMPLE
              gloveboxd adopt --state /srv/disk2/glovebox --checkpoint mirror/checkpoint
            """
    )

    @OptionGroup var place: StateOption

    @OptionGroup var others: NewestOptions

    @OptionGroup var tpm: TPMOption

    func run() throws {
        try Failure.report { () throws(GloveboxError) in
            let layout = SiteLayout(root: place.path)
            let size = try SiteAdoption.adopt(layout, newest: others.newest(), tpm: tpm.choice)
            print("log     \(size) entries: its own again")
            print("next    gloveboxd serve --state \(layout.root)")
        }
    }
}
