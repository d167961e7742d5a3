import ArgumentParser
import GloveboxCore
import GloveboxSupervisor

/// `gloveboxd keys list`: every key with its period.
struct KeysListCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "Show every key of the site and its people, with periods and revocations.",
        discussion: """
            EXAMPLES
              glovebox keys list --state S
              glovebox keys list --state S --json
            """
    )

    @OptionGroup var place: StateOption
    @OptionGroup var report: ReportOptions

    func run() throws {
        try report.report { () throws(GloveboxError) in
            let listing = try KeyListing(SiteLayout(root: place.path))
            report.result(listing.json, listing.text)
        }
    }
}
