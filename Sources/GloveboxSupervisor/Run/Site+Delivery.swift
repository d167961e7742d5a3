internal import GloveboxAPI
internal import GloveboxAttestation
internal import GloveboxCore
internal import GloveboxJobs
internal import Synchronization

/// Released files on their way to where a task wanted them.
///
/// They are written after the release is on record and before `job.cleaned` is, so that a supervisor that died in between
/// writes them again.
extension Site {
    /// Whether a job has files that may not all be written yet.
    func isDelivering(_ entry: JobEntry) -> Bool {
        entry.job.cleanup != .done && entry.manifest.outputs.contains { TaskURL.isDelivered($0.url) }
    }

    /// Whether files of a job are to be sent to another's server.
    func isSending(_ id: String) -> Bool {
        read { state in
            state.jobs[id].map { entry in
                entry.job.phase == .released && entry.manifest.outputs.contains { ObjectAddress.isMeant(by: $0.url) }
            } ?? false
        }
    }

    /// Writes what a job released to the files and objects that its task named; why not, where one cannot be written.
    ///
    /// - Throws: `storage.read`, `digest.mismatch`: what the site itself keeps cannot be read.
    func deliver(_ id: String) throws(GloveboxError) -> String? {
        guard let entry = try entry(id), entry.job.phase == .released, isDelivering(entry) else { return nil }
        var fault: String?
        for (url, content) in try deliveries(of: entry) {
            do throws(GloveboxError) {
                if ObjectAddress.isMeant(by: url) {
                    try objects.write(content, to: url)
                } else {
                    try files.write(content, to: url)
                }
            } catch {
                fault = fault ?? error.message
            }
        }
        if let fault { undelivered.withLock { $0[id] = fault } }
        return fault
    }

    /// What a released job has to be written, and where.
    private func deliveries(of entry: JobEntry) throws(GloveboxError) -> [(url: String, content: [UInt8])] {
        let released = try released(entry)
        guard entry.manifest.inputs.isEmpty else {
            return released.flatMap { file in
                TaskOutputs.deliveries(of: file.path, entry.manifest.outputs).map { ($0.url, file.content) }
            }
        }
        guard let digest = entry.taskLog else { return [] }
        let outputs = try TaskLog(json: JSONReader.read(blobs.get(digest))).outputs
        guard released.count == outputs.count else {
            throw GloveboxError("digest.mismatch", "the released files of \(entry.job.id) are not those of its log")
        }
        return zip(outputs, released).filter { TaskURL.isDelivered($0.0.url) }.map { ($0.0.url, $0.1.content) }
    }
}
