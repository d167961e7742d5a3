internal import GloveboxAPI
internal import GloveboxAttestation
internal import GloveboxBroker
internal import GloveboxCore
internal import GloveboxJobs
internal import GloveboxStore
internal import GloveboxTransparency

/// What runs on private data wrote: one file each, encrypted, durable before the log names it.
///
/// Kept for the data's owners and auditors alone, and not for long. Source: job-backend section 9.
struct RunTexts {
    let site: Site

    private func file(_ job: String) -> SealedFile {
        SealedFile(path: site.layout.texts + "/" + job, label: "text " + job, spares: site.spares)
    }

    /// Keeps one; the digest by which the log names it, which tells nothing of a text that one could guess.
    ///
    /// - Throws: `storage.write`, `broker.*`.
    func keep(_ text: RunText) throws(GloveboxError) -> Digest {
        let bytes = CanonicalJSON.encode(["salt": .string(Base64.encode(Machine.random(32))), "text": text.json])
        try file(text.job).write(bytes, key: site.broker.greeting().historyKey)
        return Machine.sha256(bytes)
    }

    /// Reads one; nil when it is gone, or is not in every byte what the log names.
    ///
    /// - Throws: `storage.read`, `broker.*`; the file may be as it was.
    func find(_ entry: JobEntry) throws(GloveboxError) -> RunText? {
        guard let name = entry.text,
            let bytes = try file(entry.job.id).read(named: name, key: site.broker.greeting().historyKey)
        else { return nil }
        // As long as the site made it.
        var limits = JSONReader.Limits()
        limits.bytes = bytes.count
        var fields = try JSONFields(JSONReader.readCanonical(bytes, limits: limits), at: "text")
        _ = try fields.base64("salt")
        let text = try RunText(json: fields.required("text"))
        try fields.finish()
        return text
    }

    /// Destroys what is kept of a job, if anything.
    ///
    /// - Throws: `storage.write`.
    func destroy(_ job: String) throws(GloveboxError) { try file(job).destroy() }
}

extension Site {
    /// What runs wrote.
    var texts: RunTexts { RunTexts(site: self) }

    /// What a run wrote; that somebody reads it is on record first.
    ///
    /// The owner of all its data may, and an auditor; never who submitted it, whatever else they are. Before the run's
    /// declared time is over nobody may: the log's readers would see from it that the run has ended.
    ///
    /// - Throws: `object.not-found`, `auth.forbidden`, `job.phase`, `output.destroyed`.
    func text(_ caller: Caller, _ id: String) throws(GloveboxError) -> RunText {
        let entry = try visible(id, to: caller)
        guard !entry.manifest.inputs.isEmpty else {
            throw GloveboxError(
                "object.not-found",
                "job \(id) read no private data: what it wrote stands in its task",
                hint: "GET /ga4gh/tes/v1/tasks/\(id)?view=FULL"
            )
        }
        let owners = read { state in entry.manifest.inputs.map { state.datasets[$0.name]?.owner } }
        let isOwner = caller.roles.contains(.owner) && owners.allSatisfy { $0 == caller.account }
        guard entry.job.submitter != caller.account, isOwner || caller.roles.contains(.auditor) else {
            throw GloveboxError(
                "auth.forbidden",
                "what a run on private data wrote is for the owner of all its data and for auditors, and never for who submitted it"
            )
        }
        guard let started = entry.job.lastRun?.started, Machine.now() >= entry.reveal(started) else {
            throw GloveboxError("job.phase", "the declared time of job \(id) is not over")
        }
        guard entry.text != nil else {
            throw GloveboxError("job.phase", "nothing is kept of job \(id): no program of it came to its end")
        }
        guard let text = try texts.find(entry) else {
            throw GloveboxError(
                "output.destroyed",
                "what job \(id) wrote is kept no longer",
                hint: "'retention.texts_days' is the site's setting."
            )
        }
        try record(
            Event(
                kind: .outputTextRead,
                job: id,
                project: entry.manifest.project,
                output: Self.output(of: id),
                actor: caller.account
            )
        )
        return text
    }
}
