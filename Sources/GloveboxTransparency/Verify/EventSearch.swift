package import GloveboxCore

/// Finds an entry by what a person calls it.
package struct EventSearch {
    private static let metadata = Array("metadata".utf8)
    private static let uid = Array("uid".utf8)

    private let source: any LogSource
    private let size: UInt64

    /// Prepares to search a log of that size.
    package init(_ source: any LogSource, size: UInt64) {
        self.source = source
        self.size = size
    }

    /// The index of the entry that is called by its index or by its `metadata.uid`.
    ///
    /// - Throws: `log.index` when there is none; what the source throws for bundles that cannot be read.
    package func index(of name: String) async throws(GloveboxError) -> UInt64 {
        if let index = Decimal.read(name.utf8) {
            guard index < size else {
                throw GloveboxError("log.index", "entry \(index) is not in a log of \(size) entries")
            }
            return index
        }
        let wanted = Array(name.utf8)
        var first: UInt64 = 0
        while first < size {
            let (bytes, entries) = try await source.bundle(.covering(first, size: size))
            var json = PlainJSON(bytes)
            for (offset, entry) in entries.enumerated() {
                guard json.scan(entry), let metadata = json.member(Self.metadata, of: 0),
                    let uid = json.member(Self.uid, of: metadata), json.isText(uid, wanted)
                else { continue }
                return first + UInt64(offset)
            }
            first += 256
        }
        throw GloveboxError("log.index", "no event of the log is called \(Display.escape(name))")
    }
}
