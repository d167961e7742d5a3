import ArgumentParser
import GloveboxAPI
import GloveboxAttestation
import GloveboxCore
import GloveboxTransparency

/// The command `glovebox audit export`.
struct AuditExportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export",
        abstract: "Copy a log, keys and private parts you may see into one file with a page that checks it.",
        discussion: """
            With an auditor's profile: the site's log with private bodies, which the site logs as an export. With \
            --log: a copy of a public log, or of an unpacked export with less shown. Everything is verified first. \
            Unpack it with 'glovebox audit unpack' or tar and open auditor.html in a browser; the directory is an \
            ordinary log for 'glovebox audit verify'.

            EXAMPLES
              glovebox audit export --out audit.tar --profile auditor
              glovebox audit export --out public.tar --log https://log.datasite.example --key log.vkey
              glovebox audit export --out less.tar --log unpacked/ --key log.vkey --job job_… --withhold name
            """
    )

    @Option(help: ArgumentHelp("The export.", valueName: "FILE"))
    var out: String

    @Option(help: ArgumentHelp("Private parts of this job alone.", valueName: "JOB"))
    var job: String?

    @Option(help: ArgumentHelp("Keep back the private field of this name; repeatable.", valueName: "NAME"))
    var withhold: [String] = []

    @Flag(help: "No private parts.")
    var noBodies = false

    @Option(help: ArgumentHelp("Copy this log, not the site's.", valueName: "DIR|URL"))
    var log: String?

    @OptionGroup var trustOptions: TrustOptions
    @OptionGroup var site: SiteOptions

    func run() async throws {
        if let log { return try await copy(log) }
        try await Session.run(site) { session in
            let files = try await session.client.trust().files
            let trust = try trust(files)
            let request = ExportRequest(job: job, withBodies: !noBodies)
            let start = try await session.client.startExport(request)
            var bodies: [UInt8] = []
            var from: UInt64? = noBodies ? nil : 0
            while let index = from, index < start.size {
                let page = try await session.client.bodies(from: index)
                for item in page.items where try BodyDisclosure(json: item.json).index < start.size {
                    bodies += CanonicalJSON.encode(item.json) + [UInt8(ascii: "\n")]
                }
                from = page.next.flatMap { UInt64($0) }.flatMap { $0 > index ? $0 : nil }
            }
            let kind: ExportManifest.Bodies = noBodies ? .none : job.map { .job($0) } ?? .all
            let manifest = ExportManifest(origin: "", size: start.size, bodies: kind, withheld: [])
            let export = LogExport(
                trust: trust,
                job: job,
                withheld: withhold,
                trustFiles: files.map { ($0.path, $0.content) }
            )
            let source = ServedLog(client: session.client)
            tell(try await export.write(source, private: (bodies, manifest), to: out), isPinned: isPinned)
        }
    }

    private var isPinned: Bool { trustOptions.key != nil || trustOptions.policy != nil }

    private func copy(_ log: String) async throws {
        try await AuditStatus.report(site.terminal) { () async throws(GloveboxError) in
            let export = LogExport(trust: try trustOptions.trust(), job: job, withheld: withhold, trustFiles: [])
            return try await LogPlace.with(log) { source throws(GloveboxError) in
                do throws(GloveboxError) {
                    tell(try await export.write(source, private: nil, to: out), isPinned: true)
                } catch {
                    guard error.code.hasPrefix("log.") || error.code.hasPrefix("audit.") else { throw error }
                    return AuditStatus.refuse(error, site.terminal)
                }
                return true
            }
        }
    }

    /// Whom to believe: what was given, or the key that the site itself names.
    private func trust(_ files: [NamedFile]) throws(GloveboxError) -> LogTrust {
        if isPinned { return try trustOptions.trust() }
        guard let policy = files.first(where: { $0.path == TrustFiles.Name.logPolicy })?.content,
            let key = try TlogPolicy(parsing: policy).logs.first
        else { throw GloveboxError("log.policy", "the site names no key of its log", hint: "Give --key.") }
        return .key(key)
    }

    private func tell(_ summary: LogExport.Summary, isPinned: Bool) {
        let fingerprint = Hex.encode(summary.key.logID)
        var lines = [
            Terminal.row("export", out), Terminal.row("log", "\(summary.key.name), \(summary.size) entries, verified"),
            Terminal.row("bodies", "\(summary.bodies), each the one its entry commits to"),
            Terminal.row("key", "SHA-256 \(fingerprint)"),
        ]
        if !isPinned { lines.append(Terminal.row("", "the site itself named this key: compare it with one you know")) }
        site.terminal.result(
            [
                "bodies": .integer(Int64(summary.bodies)), "export": .string(out), "key": .string(fingerprint),
                "origin": .string(summary.key.name), "pinned": .bool(isPinned), "size": .string(String(summary.size)),
            ],
            lines
        )
    }
}
