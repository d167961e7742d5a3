internal import Glibc
internal import GloveboxBroker
internal import GloveboxCore
internal import GloveboxDisclosure
internal import GloveboxStore

/// Specs and unit tags of everything released from one lineage, encrypted, for comparison with the next release.
struct ReleaseHistory {
    let site: Site
    let lineage: String

    private var directory: String { site.layout.history + "/" + lineage }

    /// All earlier releases.
    func records() throws(GloveboxError) -> [ReleaseRecord] {
        var records: [ReleaseRecord] = []
        for job in site.read({ state in state.order }) {
            let path = directory + "/" + job
            guard StateFile.exists(path) else { continue }
            records.append(
                try ReleaseRecord(stored: site.broker.open(StateFile.read(path, limit: 1 << 30), label: job))
            )
        }
        return records
    }

    /// Keeps one release.
    func add(_ record: ReleaseRecord) throws(GloveboxError) {
        try StateFile.makeDirectory(directory)
        try StateFile.write(site.broker.seal(record.encoded, label: record.id), to: directory + "/" + record.id)
    }
}
