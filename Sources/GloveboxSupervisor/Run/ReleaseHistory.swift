internal import Glibc
internal import GloveboxBroker
internal import GloveboxCore
internal import GloveboxDisclosure
internal import GloveboxLinux
internal import GloveboxStore

/// Specs and unit tags of everything released from one lineage, encrypted, for comparison with the next release.
struct ReleaseHistory {
    let site: Site
    let lineage: String

    private var directory: String { site.layout.history + "/" + lineage }

    /// All earlier releases; the units of each are read when they are compared.
    func records() throws(GloveboxError) -> [ReleaseRecord] {
        let key = try site.broker.greeting().historyKey
        var records: [ReleaseRecord] = []
        for job in try jobs() {
            records.append(try ReleaseRecord(SealedBytes(directory + "/" + job, key: key, label: job)))
        }
        return records
    }

    /// The jobs whose releases are kept, by id; beside them stands what is known of the lineage itself, and what a crash
    /// left half written.
    func jobs() throws(GloveboxError) -> [String] {
        guard StateFile.exists(directory) else { return [] }
        do throws(SyscallError) {
            let names = try Descriptor.open(directory, O_RDONLY | O_DIRECTORY).names()
            return names.map { String(decoding: $0, as: UTF8.self) }.filter {
                $0.hasPrefix("job_") && !$0.hasSuffix(".new")
            }
        } catch { throw error.coded("storage.read") }
    }

    /// Keeps one release.
    func add(_ record: ReleaseRecord) throws(GloveboxError) {
        try StateFile.makeDirectory(directory)
        let key = try site.broker.greeting().historyKey
        try StateFile.write(to: directory + "/" + record.id) { (file) throws(GloveboxError) in
            var sealer = SealedChunks.Sealer(key: key, label: record.id)
            try record.write { (bytes) throws(GloveboxError) in try file.write(sealer.seal(bytes)) }
            try file.write(sealer.finish())
        }
    }
}
