internal import GloveboxBroker
internal import GloveboxCore
internal import GloveboxJobs

/// Drafts of reports whose time has not come: one encrypted file each, gone with its job.
///
/// A draft is of one run, and what opens under the site's key and that run's name is that draft. Where it is lost, the report
/// tells what the log does.
struct KeptDrafts {
    let site: Site

    private func file(_ entry: JobEntry) -> SealedFile {
        file(entry.job.id, label: "report \(entry.job.id) \(entry.job.runs.count)")
    }

    private func file(_ job: String, label: String) -> SealedFile {
        SealedFile(path: site.layout.sealed + "/" + job + ".report", label: label, spares: site.spares)
    }

    /// Keeps one.
    ///
    /// - Throws: `storage.write`, `broker.*`.
    func keep(_ draft: ReportDraft, for entry: JobEntry) throws(GloveboxError) {
        try file(entry).write(CanonicalJSON.encode(draft.json()), key: site.broker.greeting().historyKey)
    }

    /// Reads what was kept; nil when it is gone or was changed.
    ///
    /// - Throws: `storage.read`, `broker.*`; the file may be as it was.
    func find(_ entry: JobEntry) throws(GloveboxError) -> ReportDraft? {
        guard let bytes = try file(entry).read(key: site.broker.greeting().historyKey) else { return nil }
        // As long as its files are; only the site could have sealed it.
        var limits = JSONReader.Limits()
        limits.bytes = bytes.count
        return try ReportDraft(json: JSONReader.readCanonical(bytes, limits: limits))
    }

    /// Destroys what is kept of a job, if anything.
    ///
    /// - Throws: `storage.write`.
    func destroy(_ job: String) throws(GloveboxError) { try file(job, label: "").destroy() }
}
