package import GloveboxCore

/// Up to 256 entries in one file, each after its length.
///
/// Source: C2SP tlog-tiles; transparency-log specification, section 5.
package enum EntryBundle {
    /// Writes a bundle.
    ///
    /// - Precondition: no entry is longer than ``LeafKind/maxBytes``.
    package static func encode(_ entries: some Sequence<[UInt8]>) -> [UInt8] {
        var out: [UInt8] = []
        for entry in entries { add(entry[...], to: &out) }
        return out
    }

    /// Writes an entry at the end of a bundle.
    ///
    /// - Precondition: it is not longer than ``LeafKind/maxBytes``.
    package static func add(_ entry: ArraySlice<UInt8>, to bundle: inout [UInt8]) {
        bundle.append(UInt8(entry.count >> 8))
        bundle.append(UInt8(entry.count & 255))
        bundle += entry
    }

    /// Reads a bundle that must hold exactly `width` entries.
    ///
    /// - Throws: `log.bundle-format` for fewer, more or trailing bytes.
    package static func decode(_ bytes: [UInt8], width: Int) throws(GloveboxError) -> [[UInt8]] {
        try ranges(bytes, width: width).map { Array(bytes[$0]) }
    }

    /// Where the entries lie in a bundle that must hold exactly `width`.
    ///
    /// - Throws: `log.bundle-format` for fewer, more or trailing bytes.
    package static func ranges(_ bytes: [UInt8], width: Int) throws(GloveboxError) -> [Range<Int>] {
        var entries: [Range<Int>] = []
        var at = 0
        while at < bytes.count {
            guard entries.count < width, bytes.count - at >= 2 else { break }
            let length = Int(bytes[at]) << 8 | Int(bytes[at + 1])
            guard bytes.count - at - 2 >= length else { break }
            entries.append(at + 2..<at + 2 + length)
            at += 2 + length
        }
        guard at == bytes.count, entries.count == width else {
            throw GloveboxError("log.bundle-format", "an entry bundle does not hold exactly \(width) entries")
        }
        return entries
    }
}
