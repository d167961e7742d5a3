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
        for entry in entries {
            out.append(UInt8(entry.count >> 8))
            out.append(UInt8(entry.count & 255))
            out += entry
        }
        return out
    }

    /// Reads a bundle that must hold exactly `width` entries.
    ///
    /// - Throws: `log.bundle-format` for fewer, more or trailing bytes.
    package static func decode(_ bytes: [UInt8], width: Int) throws(GloveboxError) -> [[UInt8]] {
        var entries: [[UInt8]] = []
        var rest = bytes[...]
        while !rest.isEmpty {
            guard entries.count < width, rest.count >= 2 else { break }
            let length = Int(rest[rest.startIndex]) << 8 | Int(rest[rest.startIndex + 1])
            guard rest.count >= 2 + length else { break }
            entries.append(Array(rest.dropFirst(2).prefix(length)))
            rest = rest.dropFirst(2 + length)
        }
        guard rest.isEmpty, entries.count == width else {
            throw GloveboxError("log.bundle-format", "an entry bundle does not hold exactly \(width) entries")
        }
        return entries
    }
}
