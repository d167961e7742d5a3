import ArgumentParser
import GloveboxCore
import GloveboxTransparency

/// The command `glovebox audit show`.
struct AuditShowCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Tell what a log says, a line an event.",
        discussion: """
            The log is verified first, and what was and was not checked is said at the end. People have pseudonyms; \
            names appear where the log is an unpacked export with private bodies. With --json: one object a line, the \
            last one about the log. Exit status 0 verified, 1 refused, 2 usage or unreadable input.

            EXAMPLE
              glovebox audit show --log https://log.datasite.example --key log.vkey --since 2026-11-01
            """
    )

    @OptionGroup var options: LogOptions

    @Option(help: ArgumentHelp("Only events of this project.", valueName: "PROJECT"))
    var project: String?

    @Option(help: ArgumentHelp("Only events of this job.", valueName: "JOB"))
    var job: String?

    @Option(help: ArgumentHelp("Only what this person did: first digits of a pseudonym.", valueName: "HEX"))
    var actor: String?

    @Option(help: ArgumentHelp("Only from this day or moment on.", valueName: "DATE|TIME"))
    var since: String?

    @Flag(help: "Print one JSON object a line.")
    var json = false

    func run() async throws {
        let terminal = Terminal(json: json, quiet: false)
        try await AuditStatus.report(terminal) { () async throws(GloveboxError) in
            var filter = AuditFilter()
            filter.job = job
            filter.project = project
            filter.actor = actor
            filter.since = try since.map { text throws(GloveboxError) in try Self.moment(text) }
            var names = AuditNames()
            let log = try await AuditedLog.read(options, terminal) { event, body in
                names.learn(event, body)
                guard filter.admits(event) else { return }
                let entry = TimelineEntry(event, names: names, body: body)
                terminal.result(entry.json, [entry.text])
            }
            guard let log else { return false }
            terminal.result(["log": log.json], log.lines)
            return true
        }
    }

    private static func moment(_ text: String) throws(GloveboxError) -> Instant {
        guard let moment = Instant(text) ?? Instant(text + "T00:00:00Z") else {
            throw GloveboxError("usage", "--since takes 2026-01-31 or 2026-01-31T12:00:00Z")
        }
        return moment
    }
}
