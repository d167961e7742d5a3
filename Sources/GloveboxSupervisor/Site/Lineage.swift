internal import Crypto
internal import Glibc
internal import GloveboxBroker
internal import GloveboxCore
internal import GloveboxDisclosure
internal import GloveboxLinux
internal import GloveboxPolicy
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

    /// The lineages of a dataset with these units: those of all datasets whose units it shares, or a new one.
    ///
    /// Of several each counts what happens to the table; between them they stay apart, as far as they share no other units.
    ///
    /// - Throws: `lineage.units` when a lineage's units are not known.
    static func of(_ mine: RegisteredUnits, at site: Site) throws(GloveboxError) -> [Lineage] {
        var shared: [Lineage] = []
        // What is a row is no person that has an id, and the other way round.
        let ids = site.read { state in
            Set(state.datasets.values.filter { $0.description.privacyUnit.kind == mine.kind }.flatMap(\.lineages))
        }
        for id in ids.sorted() {
            let lineage = Lineage(id: id)
            var (common, size, count) = (0, 0, 0)
            var (own, theirs) = (try mine.tags(), try lineage.tags(mine.kind, at: site))
            var (a, b) = (try own.next(), try theirs.next())
            while a != nil || b != nil {
                let (first, second) = (a, b)
                if let first, second.map({ first <= $0 }) ?? true {
                    size += 1
                    a = try own.next()
                }
                if let second, first.map({ second <= $0 }) ?? true {
                    count += 1
                    b = try theirs.next()
                }
                if first == second { common += 1 }
            }
            if common > 0, common * 100 >= share * min(size, count) { shared.append(lineage) }
        }
        return shared.isEmpty ? [Lineage(id: Machine.identifier("lin"))] : shared
    }

    /// Adds units to those the lineage is known by; durable before the dataset is registered.
    func remember(_ units: RegisteredUnits, at site: Site) throws(GloveboxError) {
        try StateFile.makeDirectory(site.layout.history + "/" + id)
        try write(units.kind, at: site) { (out) throws(GloveboxError) in
            var own = try units.tags()
            guard StateFile.exists(path(units.kind, at: site)) else {
                while let tag = try own.next() { try out.add(tag) }
                return
            }
            var theirs = try tags(units.kind, at: site)
            var (a, b) = (try own.next(), try theirs.next())
            while let tag = [a, b].compactMap({ $0 }).min() {
                try out.add(tag)
                if a == tag { a = try own.next() }
                if b == tag { b = try theirs.next() }
            }
        }
    }

    /// Begins another lineage with the units and the releases of this one, durable before a dataset has it.
    func copy(to other: Lineage, of kind: DatasetDescription.PrivacyUnit.Kind, at site: Site) throws(GloveboxError) {
        try StateFile.makeDirectory(site.layout.history + "/" + other.id)
        try other.write(kind, at: site) { (out) throws(GloveboxError) in
            var units = try tags(kind, at: site)
            while let tag = try units.next() { try out.add(tag) }
        }
        let (mine, theirs) = (site.layout.history + "/" + id, site.layout.history + "/" + other.id)
        for job in try ReleaseHistory(site: site, lineage: id).jobs() {
            try StateFile.copy(mine + "/" + job, to: theirs + "/" + job)
        }
    }

    /// Tags that are being encrypted into a file.
    private struct Writer {
        let file: StateFile.Writer
        var sealer: SealedChunks.Sealer
        private var bytes: [UInt8] = []

        init(file: StateFile.Writer, sealer: SealedChunks.Sealer) { (self.file, self.sealer) = (file, sealer) }

        mutating func add(_ tag: UnitTag) throws(GloveboxError) {
            bytes += tag.bytes
            if bytes.count >= 65536 { try flush() }
        }

        mutating func finish() throws(GloveboxError) {
            try flush()
            try file.write(sealer.finish())
        }

        private mutating func flush() throws(GloveboxError) {
            try file.write(sealer.seal(bytes))
            bytes.removeAll(keepingCapacity: true)
        }
    }

    /// Replaces the file of units by what `body` writes, rising.
    private func write(
        _ kind: DatasetDescription.PrivacyUnit.Kind,
        at site: Site,
        _ body: (inout Writer) throws(GloveboxError) -> Void
    ) throws(GloveboxError) {
        let key = try site.broker.greeting().historyKey
        try StateFile.write(to: path(kind, at: site)) { (file) throws(GloveboxError) in
            var out = Writer(file: file, sealer: SealedChunks.Sealer(key: key, label: label))
            try body(&out)
            try out.finish()
        }
    }

    /// The units by rising tag.
    private func tags(
        _ kind: DatasetDescription.PrivacyUnit.Kind,
        at site: Site
    ) throws(GloveboxError) -> RegisteredUnits.Reader {
        let path = path(kind, at: site)
        guard StateFile.exists(path) else {
            throw GloveboxError(
                "lineage.units",
                "the units of the lineage \(Display.escape(id)) are not known, so nothing can be compared with them",
                hint: "It was registered by an earlier version; found a new site for both datasets."
            )
        }
        let key = try site.broker.greeting().historyKey
        return RegisteredUnits.Reader(stored: try SealedBytes(path, key: key, label: label))
    }

    private var label: String { "units " + id }

    // Earlier versions told equal rows apart and kept them as units, too: those are not known by what they kept.
    private func path(_ kind: DatasetDescription.PrivacyUnit.Kind, at site: Site) -> String {
        site.layout.history + "/" + id + (kind == .id ? "/units" : "/rows")
    }
}
