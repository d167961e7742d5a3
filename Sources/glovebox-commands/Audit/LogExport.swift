import GloveboxCore
import GloveboxLinux
import GloveboxTransparency

/// Copies a log with what an auditor may see into one file; everything is verified on the way.
struct LogExport {
    /// By whose word the log is believed.
    let trust: LogTrust
    /// Bodies of this job's events alone; nil for all.
    let job: String?
    /// Names of private fields to keep back.
    let withheld: [String]
    /// Trust files of the site, where they are known.
    let trustFiles: [(path: String, bytes: [UInt8])]

    /// What came of it.
    struct Summary {
        let key: NoteKey
        let size: UInt64
        let bodies: Int
    }

    /// Writes the export; `private` are the site's bodies and how many entries they cover.
    ///
    /// - Throws: `log.*`, `audit.*`, `input.io`.
    func write(
        _ source: any LogSource,
        private: (bodies: [UInt8], manifest: ExportManifest)?,
        to path: String
    ) async throws(GloveboxError) -> Summary {
        var snapshot = try await snapshot(source)
        if let given = `private` {
            snapshot.files[EventReading.bodies] = given.bodies
            snapshot.files[ExportManifest.name] = given.manifest.bytes
        }
        let verdict = try await LogVerifier(snapshot, trust: trust, now: SystemClock.now()).verify()
        guard verdict.isVerified, let opened = verdict.opened else {
            throw GloveboxError(
                verdict.reason,
                "the log does not verify, so it is not exported",
                hint: "See 'glovebox audit verify'; a copy of the files as they are is the evidence."
            )
        }
        let manifest = try await manifest(snapshot, opened.checkpoint)
        let (bodies, count) = try await bodies(snapshot, opened.checkpoint, manifest)
        var file = try ExportFile(path)
        try file.add("\(opened.key.name).vkey", Array("\(opened.key.vkey)\n".utf8), onPage: true)
        try file.add(EventReading.bodies, bodies, onPage: true)
        try await file.add("checkpoint", snapshot.checkpoint(), onPage: true)
        try file.add(ExportManifest.name, manifest.bytes, onPage: false)
        try file.add("schema/ocsf-1.8.0.json", CanonicalJSON.encode(OCSFSubset.json), onPage: false)
        for path in TilePath.added(from: 0, to: opened.checkpoint.size) {
            try await file.add(path.path, snapshot.bytes(of: path), onPage: true)
        }
        for trusted in trustFiles { try file.add("trust/\(trusted.path)", trusted.bytes, onPage: false) }
        try file.finish()
        return Summary(key: opened.key, size: opened.checkpoint.size, bodies: count)
    }

    /// A checkpoint is signed up to a second before its tiles are there.
    private func snapshot(_ source: any LogSource) async throws(GloveboxError) -> LogSnapshot {
        for _ in 0..<40 {
            if let snapshot = try await LogSnapshot(of: source, trust: trust, now: SystemClock.now()) {
                return snapshot
            }
            do { try await Task.sleep(for: .milliseconds(100)) } catch {
                throw GloveboxError("input.io", "the export was stopped")
            }
        }
        throw GloveboxError(
            "log.tile-missing",
            "the log's newest files do not appear",
            hint: "Its writer may have stopped; see the site's text log."
        )
    }

    /// What this export will hold: what the source has, and no more than was asked for.
    private func manifest(
        _ snapshot: LogSnapshot,
        _ checkpoint: Checkpoint
    ) async throws(GloveboxError) -> ExportManifest {
        var known = ExportManifest(origin: checkpoint.origin, size: 0, bodies: .none, withheld: [])
        if let bytes = try await snapshot.read(ExportManifest.name, limit: 1 << 16) {
            known = try ExportManifest(parsing: bytes)
        }
        var bodies = known.bodies
        if let job, bodies != .none { bodies = bodies == .all || bodies == .job(job) ? .job(job) : .none }
        return ExportManifest(
            origin: checkpoint.origin,
            size: known.size,
            bodies: bodies,
            withheld: Set(known.withheld + withheld).sorted()
        )
    }

    private func bodies(
        _ snapshot: LogSnapshot,
        _ checkpoint: Checkpoint,
        _ manifest: ExportManifest
    ) async throws(GloveboxError) -> (bytes: [UInt8], count: Int) {
        var lines: [UInt8] = []
        var count = 0
        _ = try await EventReading(snapshot, checkpoint: checkpoint).read { event, body in
            guard let body, manifest.promisesBody(of: event) else { return }
            lines += CanonicalJSON.encode(body.withholding(Set(withheld)).json) + [UInt8(ascii: "\n")]
            count += 1
        }
        return (lines, count)
    }
}
