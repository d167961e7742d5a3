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
        let key = try site.broker.greeting().historyKey
        var records: [ReleaseRecord] = []
        for job in site.read({ state in state.order }) {
            let path = directory + "/" + job
            guard StateFile.exists(path) else { continue }
            records.append(
                try ReleaseRecord(
                    stored: SealedChunks.open(StateFile.read(path, limit: 1 << 30), key: key, label: job)
                )
            )
        }
        return records
    }

    /// Keeps one release.
    func add(_ record: ReleaseRecord) throws(GloveboxError) {
        try StateFile.makeDirectory(directory)
        let key = try site.broker.greeting().historyKey
        let sealed = try SealedChunks.seal(record.encoded, key: key, label: record.id)
        try StateFile.write(sealed, to: directory + "/" + record.id)
    }
}
