import ArgumentParser
import GloveboxCore
import GloveboxTransparency

/// The command `glovebox audit job`.
struct AuditJobCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "job",
        abstract: "Tell a job's story: who approved what, what ran, what was refused, what left, what it cost.",
        discussion: """
            The log is verified first. What stands in private bodies is told where the log is an unpacked export that \
            has them. With --json: one object. Exit status 0 verified and nothing missing, 1 refused or something \
            missing, 2 usage or unreadable input.

            EXAMPLE
              glovebox audit job job_… --log export/ --key log.vkey
            """
    )

    @Argument(help: "Job.")
    var job: String

    @OptionGroup var options: LogOptions

    @Flag(help: "Print one JSON object.")
    var json = false

    func run() async throws {
        let terminal = Terminal(json: json, quiet: false)
        try await AuditStatus.report(terminal) { () async throws(GloveboxError) in
            var story = JobStory(of: job)
            var names = AuditNames()
            var checker = Completeness()
            var gaps = 0
            func note(_ findings: [AuditFinding]) {
                for finding in findings where finding.job?.utf8.elementsEqual(job.utf8) == true {
                    story.add(finding)
                    if finding.weight == .gap { gaps += 1 }
                }
            }
            let log = try await AuditedLog.gather(options, terminal) { event, body in
                names.learn(event, body)
                story.add(event, body)
                note(checker.add(event, body))
            }
            guard let log else { return false }
            guard story.isKnown else {
                throw GloveboxError("object.not-found", "the log has no job \(Display.escape(job))")
            }
            note(checker.finish())
            terminal.result(["job": story.json, "log": log.json], story.lines(names) + log.lines)
            return gaps == 0
        }
    }
}
