import ArgumentParser
import GloveboxCore
import GloveboxSupervisor

/// `gloveboxd restore`: a site from a backup.
struct RestoreCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "restore",
        abstract: "Bring a site back from a backup, into a new state directory.",
        discussion: """
            Reads both directories that 'glovebox backup' wrote and compares every byte with their lists, replays the \
            journal, makes tiles and index anew, and opens the site once. What was changed, is missing or is not listed \
            refuses the whole.

            A log must never sign two histories. Give the newest checkpoint that anybody else has of it: from a witness, a \
            mirror, an auditor or the log/checkpoint of the lost disk. One that is later than the backup refuses it. If \
            nobody has a later one, say so with --no-later-checkpoint: that stands in the log. Witnesses that the settings \
            name are asked at the first start in any case. Never start the site that the backup was made of again.

            EXAMPLES
              glovebox restore /srv/backup/1 --keys /media/safe/1 --checkpoint mirror/checkpoint --state /var/lib/glovebox
              glovebox restore /srv/backup/1 --keys /media/safe/1 --check
            """
    )

    @Argument(help: "Directory with journal, data and images.")
    var directory: String

    @Option(help: ArgumentHelp("Directory with the keys.", valueName: "DIR"))
    var keys: String

    @OptionGroup var place: StateOption

    @OptionGroup var others: NewestOptions

    @Flag(help: "Read and compare the backup, and write nothing.")
    var check = false

    @OptionGroup var tpm: TPMOption

    func run() throws {
        try Failure.report { () throws(GloveboxError) in
            let isAssumed = check && others.checkpoints.isEmpty
            let restoration = try SiteRestoration(
                data: StateOption.absolute(directory),
                keys: StateOption.absolute(keys),
                newest: isAssumed ? .noneKept : others.newest()
            )
            let summary = restoration.summary
            print("backup  \(Display.escape(summary.site)), \(summary.made), \(summary.entries) log entries: whole")
            if check { return }
            let layout = SiteLayout(root: place.path)
            try restoration.restore(to: layout, tpm: tpm.choice)
            print("state   \(layout.root)")
            print("next    gloveboxd serve --state \(layout.root)")
        }
    }
}
