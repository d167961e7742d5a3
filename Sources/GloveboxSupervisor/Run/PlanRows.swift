internal import GloveboxBroker
internal import GloveboxCore
internal import GloveboxDisclosure
internal import GloveboxPolicy

/// The data of a plan, open.
struct PlanRows {
    /// Each dataset's own rows.
    let sources: [any RowSource]
    /// The rows that specs and queries are about.
    let joined: any RowSource
    /// The key of unit tags.
    let lineageKey: [UInt8]

    /// Opens the datasets; what divides the rows has them all in memory, and so has a join; all else reads them as it goes.
    ///
    /// - Throws: `storage.read`, `broker.open`, `join.*`, `dataset.in-memory`.
    init(_ data: PlanData, keys: [DatasetKeys], under policy: OutputPolicy, at site: Site) throws(GloveboxError) {
        var sources: [any RowSource] = []
        for (dataset, keys) in zip(data.datasets, keys) {
            let source = try StoredRows.open(
                site.layout.datasets + "/" + dataset.file,
                key: keys.data,
                label: dataset.file,
                description: dataset.description
            )
            sources.append(data.needsTable(under: policy) ? try source.table() : source)
        }
        self.sources = sources
        joined = try data.rows(of: sources)
        lineageKey = try Lineage.tagKey(at: site)
    }
}
