internal import Crypto
internal import Glibc
internal import GloveboxBroker
internal import GloveboxCore
internal import GloveboxDisclosure
internal import GloveboxLinux
internal import GloveboxStore

/// All datasets about the same units, whatever their names: they have one ledger and one history of releases.
///
/// Source: release policy section 9.4.
struct Lineage: Sendable {
    /// What ledger, history and records call it.
    let id: String

    /// Two datasets share a lineage from so many hundredths of the smaller one's units on.
    private static let share = 5

    /// The key of this site's unit tags, of one kind in all lineages: what is known of units can be compared when a
    /// dataset comes, at which time the broker gives out no data key.
    static func tagKey(at site: Site) throws(GloveboxError) -> [UInt8] {
        let key = SymmetricKey(data: try site.broker.greeting().historyKey)
        return Array(HMAC<SHA256>.authenticationCode(for: Array("glovebox/units/v1".utf8), using: key))
    }

    /// The lineages of a dataset with these units, by rising tag: those of all datasets whose units it shares, or a new one.
    ///
    /// Of several each counts what happens to the table; between them they stay apart, as far as they share no other units.
    ///
    /// - Throws: `lineage.units` when a lineage's units are not known.
    static func of(_ mine: [UnitTag], at site: Site) throws(GloveboxError) -> [Lineage] {
        var shared: [Lineage] = []
        for id in Set(site.read { state in state.datasets.values.flatMap(\.lineages) }).sorted() {
            let lineage = Lineage(id: id)
            var (common, count, place) = (0, 0, 0)
            try lineage.units(at: site) { theirs in
                for tag in theirs {
                    while place < mine.count, mine[place] < tag { place += 1 }
                    if place < mine.count, mine[place] == tag { common += 1 }
                }
                count += theirs.count
            }
            if common > 0, common * 100 >= share * min(mine.count, count) { shared.append(lineage) }
        }
        return shared.isEmpty ? [Lineage(id: Machine.identifier("lin"))] : shared
    }

    /// Adds units, by rising tag, to those the lineage is known by; durable before the dataset is registered.
    func remember(_ units: [UnitTag], at site: Site) throws(GloveboxError) {
        try StateFile.makeDirectory(site.layout.history + "/" + id)
        try write(at: site) { (out) throws(GloveboxError) in
            var rest = units[...]
            if StateFile.exists(path(at: site)) {
                try self.units(at: site) { (theirs) throws(GloveboxError) in
                    var merged: [UnitTag] = []
                    for tag in theirs {
                        let before = rest.prefix { $0 < tag }
                        merged += before
                        merged.append(tag)
                        rest = rest.dropFirst(before.count)
                        if rest.first == tag { rest = rest.dropFirst() }
                    }
                    try out.write(merged)
                }
            }
            try out.write(Array(rest))
        }
    }

    /// Begins another lineage with the units and the releases of this one, durable before a dataset has it.
    func copy(to other: Lineage, at site: Site) throws(GloveboxError) {
        try StateFile.makeDirectory(site.layout.history + "/" + other.id)
        try other.write(at: site) { (out) throws(GloveboxError) in
            try units(at: site) { (units) throws(GloveboxError) in try out.write(units) }
        }
        let (mine, theirs) = (site.layout.history + "/" + id, site.layout.history + "/" + other.id)
        for job in try ReleaseHistory(site: site, lineage: id).jobs() {
            try StateFile.write(StateFile.read(mine + "/" + job, limit: 1 << 30), to: theirs + "/" + job)
        }
    }

    /// Tags that are being encrypted into a file.
    private struct Writer {
        let file: StateFile.Writer
        var sealer: SealedChunks.Sealer

        mutating func write(_ tags: [UnitTag]) throws(GloveboxError) {
            for start in stride(from: 0, to: tags.count, by: 4096) {
                let part = tags[start..<min(start + 4096, tags.count)]
                try file.write(sealer.seal(part.flatMap(\.bytes)))
            }
        }
    }

    /// Replaces the file of units by what `body` writes, rising and without doubles.
    private func write(
        at site: Site,
        _ body: (inout Writer) throws(GloveboxError) -> Void
    ) throws(GloveboxError) {
        let key = try site.broker.greeting().historyKey
        try StateFile.write(to: path(at: site)) { (file) throws(GloveboxError) in
            var out = Writer(file: file, sealer: SealedChunks.Sealer(key: key, label: label))
            try body(&out)
            try file.write(out.sealer.finish())
        }
    }

    /// Hands over the units by rising tag, some at a time.
    private func units(
        at site: Site,
        _ take: ([UnitTag]) throws(GloveboxError) -> Void
    ) throws(GloveboxError) {
        guard StateFile.exists(path(at: site)) else {
            throw GloveboxError(
                "lineage.units",
                "the units of the lineage \(Display.escape(id)) are not known, so nothing can be compared with them",
                hint: "It was registered by an earlier version; found a new site for both datasets."
            )
        }
        let file: Descriptor
        do { file = try Descriptor.open(path(at: site), O_RDONLY | O_NOFOLLOW) } catch {
            throw error.coded("storage.read")
        }
        let opener = try SealedChunks.Opener(file, key: site.broker.greeting().historyKey, label: label)
        for index in 0..<opener.count {
            // A chunk holds a whole number of tags.
            let bytes = try opener.chunk(index)
            guard bytes.count % UnitTag.length == 0 else {
                throw GloveboxError("lineage.units", "the units of the lineage \(Display.escape(id)) are damaged")
            }
            try take(UnitTag.tags(in: bytes))
        }
    }

    private var label: String { "units " + id }
    private func path(at site: Site) -> String { site.layout.history + "/" + id + "/units" }
}
