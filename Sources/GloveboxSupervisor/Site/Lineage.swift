internal import GloveboxBroker
internal import GloveboxCore
internal import GloveboxDisclosure
internal import GloveboxStore

/// All datasets about the same units, whatever their names: they have one ledger and one history of releases.
///
/// Source: release policy section 9.4.
struct Lineage: Sendable {
    /// What ledger, history and records call it.
    let id: String
    /// The key of unit tags and commitments.
    let key: [UInt8]
    /// The same, wrapped by the broker.
    let wrappedKey: [UInt8]

    /// Two datasets share a lineage from so many hundredths of the smaller one's units on.
    private static let share = 5

    /// The lineage of a table: that of the datasets whose units it shares, or a new one.
    ///
    /// - Throws: `lineage.ambiguous` when it shares units with more than one, `lineage.units` when a lineage's units are
    ///   not known.
    static func of(_ table: DatasetTable, at site: Site) throws(GloveboxError) -> Lineage {
        var known: [String: [UInt8]] = [:]
        for dataset in site.read({ state in state.datasets.values.map { ($0.lineage, $0.wrappedLineageKey) } }) {
            known[dataset.0] = dataset.1
        }
        var shared: [Lineage] = []
        for (id, wrapped) in known.sorted(by: { $0.key < $1.key }) {
            let lineage = Lineage(id: id, key: try site.broker.release(wrapped) {}, wrappedKey: wrapped)
            let mine = Set(table.unitTags(try LineageKey(lineage.key)).map(\.bytes))
            let theirs = try lineage.units(at: site)
            let common = mine.intersection(theirs).count
            if common > 0, common * 100 >= share * min(mine.count, theirs.count) { shared.append(lineage) }
        }
        guard shared.count < 2 else {
            throw GloveboxError(
                "lineage.ambiguous",
                "the dataset has units of \(shared.count) datasets that have a ledger each",
                hint: "Register the units of one of them at a time."
            )
        }
        if let one = shared.first { return one }
        let key = Machine.random(32)
        return Lineage(id: Machine.identifier("lin"), key: key, wrappedKey: try site.broker.wrap(key))
    }

    /// Adds a table's units to those the lineage is known by; durable before the dataset is registered.
    func remember(_ table: DatasetTable, at site: Site) throws(GloveboxError) {
        var units = StateFile.exists(path(at: site)) ? try self.units(at: site) : []
        units.formUnion(table.unitTags(try LineageKey(key)).map(\.bytes))
        let bytes = units.sorted { $0.lexicographicallyPrecedes($1) }.flatMap { $0 }
        try StateFile.makeDirectory(site.layout.history + "/" + id)
        try StateFile.write(site.broker.seal(bytes, label: label), to: path(at: site))
    }

    private func units(at site: Site) throws(GloveboxError) -> Set<[UInt8]> {
        guard StateFile.exists(path(at: site)) else {
            throw GloveboxError(
                "lineage.units",
                "the units of the lineage \(Display.escape(id)) are not known, so nothing can be compared with them",
                hint: "It was registered by an earlier version; found a new site for both datasets."
            )
        }
        let bytes = try site.broker.open(StateFile.read(path(at: site), limit: 8 << 30), label: label)
        guard bytes.count % Self.tagLength == 0 else {
            throw GloveboxError("lineage.units", "the units of the lineage \(Display.escape(id)) are damaged")
        }
        return Set(
            stride(from: 0, to: bytes.count, by: Self.tagLength).map { Array(bytes[$0..<$0 + Self.tagLength]) }
        )
    }

    private static let tagLength = 16
    private var label: String { "units " + id }
    private func path(at site: Site) -> String { site.layout.history + "/" + id + "/units" }
}
