internal import GloveboxCore
internal import GloveboxJobs

/// How a cluster's scheduler is spoken with: through its own commands, Slurm's unless the operator names others.
///
/// Commands are lists of arguments and meet no shell. Source: job-backend section 7.3.
struct ClusterSettings: Sendable {
    /// What the scheduler is called, in waiting reasons and in the log.
    var name = "slurm"
    /// Hands a job in: the script comes on its standard input, ``identifier`` is looked for in what it prints.
    var submit = ["sbatch", "--parsable"]
    /// A regular expression whose first group is the scheduler's id of a job.
    var identifier = "^([0-9]+)"
    /// Takes a job back; `{{ExternalId}}` stands for its id.
    var cancel = ["scancel", "{{ExternalId}}"]
    /// Lists this user's jobs, a line `ID|STATE|REASON` each; one that is not in it is over.
    var status = ["squeue", "--noheader", "--me", "--format=%i|%T|%r"]
    /// States of a job that is still to start.
    var pending: Set<String> = ["PENDING", "CONFIGURING", "REQUEUED", "REQUEUE_HOLD", "RESV_DEL_HOLD", "SPECIAL_EXIT"]
    /// States of one that runs; in any other a job is over.
    var running: Set<String> = ["RUNNING", "COMPLETING", "SUSPENDED", "STOPPED", "RESIZING", "SIGNALING", "STAGE_OUT"]
    /// The script.
    var template = """
        #!/bin/sh
        #SBATCH --job-name={{TaskId}} --ntasks=1 --cpus-per-task={{Cpus}} --mem={{RamMib}}M --output=/dev/null --no-requeue
        exec {{Executable}} worker run --state {{State}} --task {{TaskId}}

        """
    /// Seconds between two looks at the scheduler.
    var interval: Int64 = 30
    /// Seconds that one of its commands may take.
    var patience: Int64 = 20

    /// Slurm's.
    init() {}

    /// Reads the section `cluster`.
    ///
    /// - Throws: `config.invalid`, `storage.read`.
    init(_ section: JSONValue, folder: String) throws(GloveboxError) {
        var fields = try JSONFields(section, at: "jobs.cluster")
        if let name = fields.optional("name") {
            guard let text = name.string, Identifier.isName(text), !text.utf8.elementsEqual(JobRun.node.utf8) else {
                throw SiteSettings.invalid("jobs.cluster.name is a short name such as slurm, and not \(JobRun.node)")
            }
            self.name = text
        }
        func command(_ name: String, _ value: inout [String]) throws(GloveboxError) {
            guard let given = fields.optional(name) else { return }
            let texts = given.array?.compactMap(\.string) ?? []
            guard texts.first?.isEmpty == false, texts.count == given.array?.count else {
                throw SiteSettings.invalid("jobs.cluster.\(name) is a list of text, a command's arguments or states")
            }
            value = texts
        }
        func states(_ name: String, _ value: inout Set<String>) throws(GloveboxError) {
            var list = Array(value)
            try command(name, &list)
            value = Set(list)
        }
        try command("submit", &submit)
        try command("cancel", &cancel)
        try command("status", &status)
        try states("pending", &pending)
        try states("running", &running)
        if let pattern = fields.optional("extract_id") { identifier = pattern.string ?? "" }
        if let file = fields.optional("template") {
            guard let name = file.string, !name.isEmpty else {
                throw SiteSettings.invalid("jobs.cluster.template is the path of a file")
            }
            template = String(decoding: try StateFile.read(SiteSettings.path(name, folder)), as: UTF8.self)
        }
        interval = try SiteSettings.number(&fields, "interval_seconds", 1...3600) ?? interval
        patience = try SiteSettings.number(&fields, "command_seconds", 1...600) ?? patience
        try fields.finish()
        guard Self.groups(in: identifier) > 0 else {
            throw SiteSettings.invalid("jobs.cluster.extract_id is a regular expression with a group")
        }
        _ = try ClusterScript.fill(template, ClusterScript.example)
        guard cancel.contains(where: { $0.contains(ClusterScript.externalID) }) else {
            throw SiteSettings.invalid("jobs.cluster.cancel does not name \(ClusterScript.externalID)")
        }
    }

    /// How many groups a regular expression has; 0 when it is none.
    private static func groups(in pattern: String) -> Int {
        do { return try "".firstMatch(of: Regex("(?:\(pattern))|")).map { $0.output.count - 1 } ?? 0 } catch {
            return 0
        }
    }

    /// The scheduler's id of a job in what ``submit`` printed; nil when it is not there or is none that could be named again.
    func id(in output: String) -> String? {
        let pattern: Regex<AnyRegexOutput>
        do { pattern = try Regex(identifier) } catch { return nil }
        guard let match = output.firstMatch(of: pattern), match.output.count > 1,
            let id = match.output[1].substring, ClusterScript.isPlain(id)
        else { return nil }
        return String(id)
    }

    /// Whether a job in this state may still start or end its worker.
    func isAlive(_ state: String) -> Bool { pending.contains(state) || running.contains(state) }
}
