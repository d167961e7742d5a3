import ArgumentParser
import GloveboxAPI
import GloveboxCore

/// The command `glovebox gc`.
struct CollectCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "gc",
        abstract: "Remove what the site keeps no longer, as its daemon does each hour.",
        discussion: """
            Uploads and unnamed images that no plan ever named, results and words of runs past their days, and what \
            crashes left. What an open job, a proof or a review may need stays.

            EXAMPLE
              glovebox gc --dry-run
            """
    )

    @Flag(help: "Say what would go, and remove nothing.")
    var dryRun = false

    @OptionGroup var site: SiteOptions

    func run() async throws {
        try await Session.run(site) { session in
            let report = try await session.client.collect(CollectionRequest(isDry: dryRun))
            let bytes = report.items.reduce(UInt64(0)) { $0 &+ $1.bytes }
            session.terminal.result(
                report.json,
                report.items.map { Terminal.row($0.kind.rawValue, "\($0.name) \($0.bytes) bytes") } + [
                    Terminal.row(
                        dryRun ? "would go" : "gone",
                        "\(report.items.count) with \(bytes) bytes" + (report.hasMore ? "; there is more" : "")
                    )
                ]
            )
        }
    }
}
