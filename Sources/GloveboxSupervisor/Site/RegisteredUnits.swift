internal import GloveboxBroker
internal import GloveboxCore
internal import GloveboxDisclosure
internal import GloveboxPolicy

/// The privacy units of a dataset that is being registered, in order.
struct RegisteredUnits {
    /// Whether an id or a row is a unit.
    let kind: DatasetDescription.PrivacyUnit.Kind
    private let sorted: SortedUnits

    init(_ sorted: SortedUnits, _ kind: DatasetDescription.PrivacyUnit.Kind) {
        (self.sorted, self.kind) = (sorted, kind)
    }

    /// Reads their tags.
    ///
    /// - Throws: `storage.read`, `broker.open`.
    func tags() throws(GloveboxError) -> Reader { Reader(sorted: try sorted.reader(), isByRow: kind != .id) }

    /// Reads tags of units one by one, rising; a tag of equal rows comes once for each of them.
    struct Reader {
        // Either units in order, or a file of tags.
        private var sorted: SortedUnits.Reader?
        private var pieces: () throws(GloveboxError) -> [UInt8] = { [] }
        private var tags: [UnitTag] = []
        private var at = 0
        private let isByRow: Bool
        private var again: (tag: UnitTag, times: UInt32)?

        fileprivate init(sorted: SortedUnits.Reader, isByRow: Bool) { (self.sorted, self.isByRow) = (sorted, isByRow) }

        /// Those that a lineage is known by.
        init(stored bytes: SealedBytes) { (pieces, isByRow) = (bytes.pieces(), false) }

        /// The next one; nil at the end.
        ///
        /// - Throws: `storage.read`, `broker.open`, `lineage.units` for a file that holds no tags.
        mutating func next() throws(GloveboxError) -> UnitTag? {
            if let again, again.times > 0 {
                self.again = (again.tag, again.times - 1)
                return again.tag
            }
            guard sorted == nil else {
                let part = try sorted?.next()
                if isByRow, let part { again = (part.tag, part.rows - 1) }
                return part?.tag
            }
            if at == tags.count {
                // A piece holds a whole number of tags.
                let bytes = try pieces()
                guard bytes.count % UnitTag.length == 0 else {
                    throw GloveboxError("lineage.units", "the units that a lineage is known by are damaged")
                }
                (tags, at) = (UnitTag.tags(in: bytes), 0)
            }
            guard at < tags.count else { return nil }
            defer { at += 1 }
            return tags[at]
        }
    }
}
