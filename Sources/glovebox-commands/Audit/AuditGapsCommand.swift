import ArgumentParser
import GloveboxCore
import GloveboxTransparency

/// The command `glovebox audit gaps`.
struct AuditGapsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "gaps",
        abstract: "Find what is missing from a log.",
        discussion: """
            Runs without an end, releases without check, approval or report, keys without budget, starts without \
            quorum, broken chains of a job's events, silence of more than a minute, private bodies an export should \
            have. With a --policy that has a quorum, a release that left before it is one, whatever the log says it was \
            told to wait for. What is only open, such as a run that goes on, is told and is no gap. With --json: one object. Exit \
            status 0 nothing is missing, 1 something is or the log does not verify, 2 usage or unreadable input.

            EXAMPLE
              glovebox audit gaps --log https://log.datasite.example --key log.vkey
            """
    )

    @OptionGroup var options: LogOptions

    @Flag(help: "Print one JSON object.")
    var json = false

    func run() async throws {
        let terminal = Terminal(json: json, quiet: false)
        try await AuditStatus.report(terminal) { () async throws(GloveboxError) in
            var checker = Completeness(demandsQuorum: try options.trustOptions.trust().demandsQuorum)
            var coverage: BodyCoverage?
            var findings: [AuditFinding] = []
            let log = try await AuditedLog.gather(options, terminal) { event, body in
                findings += checker.add(event, body)
                coverage?.add(event, isShown: body != nil)
            } manifest: {
                coverage = BodyCoverage($0)
            }
            guard let log else { return false }
            findings += checker.finish() + (coverage?.finish() ?? [])
            let gaps = findings.count { $0.weight == .gap }
            let lines = findings.map {
                "\($0.weight.rawValue)\t#\($0.index)\t\($0.job.map(Display.escape) ?? "-")\t\($0.message) [\($0.code)]"
            }
            let word = gaps == 0 ? "COMPLETE: nothing is missing" : "\(gaps) GAPS"
            terminal.result(
                ["findings": .array(findings.map(\.json)), "gaps": .integer(Int64(gaps)), "log": log.json],
                lines + log.lines + [word]
            )
            return gaps == 0
        }
    }
}
