internal import Crypto
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

    /// Two datasets share a lineage from so many hundredths of the smaller one's units on.
    private static let share = 5
    private static let tagLength = 16

    /// The key of this site's unit tags, of one kind in all lineages: what is known of units can be compared when a
    /// dataset comes, at which time the broker gives out no data key.
    static func tagKey(at site: Site) throws(GloveboxError) -> [UInt8] {
        let key = SymmetricKey(data: try site.broker.greeting().historyKey)
        return Array(HMAC<SHA256>.authenticationCode(for: Array("glovebox/units/v1".utf8), using: key))
    }

    /// The lineages of a table: those of all datasets whose units it shares, or a new one.
    ///
    /// Of several each counts what happens to the table; between them they stay apart, as far as they share no other units.
    ///
    /// - Throws: `lineage.units` when a lineage's units are not known.
    static func of(_ table: DatasetTable, at site: Site) throws(GloveboxError) -> [Lineage] {
        let mine = try tags(of: table, at: site)
        var shared: [Lineage] = []
        for id in Set(site.read { state in state.datasets.values.flatMap(\.lineages) }).sorted() {
            let lineage = Lineage(id: id)
            let theirs = try lineage.units(at: site)
            let common = mine.intersection(theirs).count
            if common > 0, common * 100 >= share * min(mine.count, theirs.count) { shared.append(lineage) }
        }
        return shared.isEmpty ? [Lineage(id: Machine.identifier("lin"))] : shared
    }

    /// Adds a table's units to those the lineage is known by; durable before the dataset is registered.
    func remember(_ table: DatasetTable, at site: Site) throws(GloveboxError) {
        var units = StateFile.exists(path(at: site)) ? try self.units(at: site) : []
        units.formUnion(try Self.tags(of: table, at: site))
        try write(units, at: site)
    }

    /// Begins another lineage with the units and the releases of this one, durable before a dataset has it.
    func copy(to other: Lineage, at site: Site) throws(GloveboxError) {
        try other.write(units(at: site), at: site)
        let (mine, theirs) = (site.layout.history + "/" + id, site.layout.history + "/" + other.id)
        for job in try ReleaseHistory(site: site, lineage: id).jobs() {
            try StateFile.write(StateFile.read(mine + "/" + job, limit: 1 << 30), to: theirs + "/" + job)
        }
    }

    private func write(_ units: Set<[UInt8]>, at site: Site) throws(GloveboxError) {
        let bytes = units.sorted { $0.lexicographicallyPrecedes($1) }.flatMap { $0 }
        try StateFile.makeDirectory(site.layout.history + "/" + id)
        let sealed = try SealedChunks.seal(bytes, key: site.broker.greeting().historyKey, label: label)
        try StateFile.write(sealed, to: path(at: site))
    }

    private static func tags(of table: DatasetTable, at site: Site) throws(GloveboxError) -> Set<[UInt8]> {
        Set(table.unitTags(try LineageKey(tagKey(at: site))).map(\.bytes))
    }

    private func units(at site: Site) throws(GloveboxError) -> Set<[UInt8]> {
        guard StateFile.exists(path(at: site)) else {
            throw GloveboxError(
                "lineage.units",
                "the units of the lineage \(Display.escape(id)) are not known, so nothing can be compared with them",
                hint: "It was registered by an earlier version; found a new site for both datasets."
            )
        }
        let sealed = try StateFile.read(path(at: site), limit: 8 << 30)
        let bytes = try SealedChunks.open(sealed, key: site.broker.greeting().historyKey, label: label)
        guard bytes.count % Self.tagLength == 0 else {
            throw GloveboxError("lineage.units", "the units of the lineage \(Display.escape(id)) are damaged")
        }
        return Set(
            stride(from: 0, to: bytes.count, by: Self.tagLength).map { Array(bytes[$0..<$0 + Self.tagLength]) }
        )
    }

    private var label: String { "units " + id }
    private func path(at site: Site) -> String { site.layout.history + "/" + id + "/units" }
}
