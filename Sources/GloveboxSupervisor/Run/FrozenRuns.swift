internal import GloveboxBroker
internal import GloveboxCore
internal import GloveboxJobs
internal import GloveboxStore

/// How the log names what a run left.
struct FrozenName: Sendable, Hashable {
    /// SHA-256 of everything that is kept for the checks.
    let contents: Digest
    /// The broker's name for what the run was granted, and so for the key of the file.
    let request: Digest

    init(contents: Digest, request: Digest) { (self.contents, self.request) = (contents, request) }

    /// Reads the journal's form.
    init(json: JSONValue) throws(GloveboxError) {
        var fields = try JSONFields(json, at: "frozen")
        self.init(contents: try fields.digest("contents"), request: try fields.digest("request"))
        try fields.finish()
    }

    /// The journal's form.
    var json: JSONValue { ["contents": contents.json, "request": request.json] }
}

/// What runs left and nobody has decided on: one file each, encrypted under a key of that run alone, durable before the log
/// names it and gone with the decision.
struct FrozenRuns {
    let site: Site

    private func file(_ job: String) -> SealedFile {
        SealedFile(path: site.layout.sealed + "/" + job + ".frozen", label: "frozen " + job, spares: site.spares)
    }

    /// Keeps one; how the log names it.
    ///
    /// - Throws: `storage.write`, `kbs.*`.
    func keep(_ frozen: FrozenRun, for job: String) throws(GloveboxError) -> FrozenName {
        let bytes = try frozen.encoded()
        let request = frozen.access.grant.request
        try file(job).write(bytes, key: key(request))
        return FrozenName(contents: Machine.sha256(bytes), request: request)
    }

    /// Reads what was kept; nil when it is gone, or is not in every byte what the log names.
    ///
    /// - Throws: `storage.read`, `kbs.*`; the file may be as it was.
    func find(_ entry: JobEntry) throws(GloveboxError) -> FrozenRun? {
        guard let name = entry.frozen,
            let bytes = try file(entry.job.id).read(named: name.contents, key: key(name.request))
        else { return nil }
        let frozen = try FrozenRun(stored: bytes)
        return frozen.access.grant.job == entry.job.id ? frozen : nil
    }

    /// Destroys what is kept of a job, if anything.
    ///
    /// - Throws: `storage.write`.
    func destroy(_ job: String) throws(GloveboxError) { try file(job).destroy() }

    private func key(_ request: Digest) throws(GloveboxError) -> [UInt8] {
        try KeyDoor.persistently { () throws(GloveboxError) in try site.broker.checkingKey(request) }
    }
}
