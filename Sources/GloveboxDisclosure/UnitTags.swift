package import GloveboxCore
package import GloveboxPolicy
internal import GloveboxTables

internal import struct Crypto.SHA256

/// The secret key of a dataset lineage: it turns privacy units into tags that mean nothing without it.
package struct LineageKey: Sendable {
    // HMAC with both halves of the key taken in, which is half the work of a tag, and without its generic layers, which are most of the rest.
    private let inner: SHA256
    private let outer: SHA256

    /// Wraps 32 random bytes.
    ///
    /// - Throws: `lineage.key` for any other length.
    package init(_ bytes: [UInt8]) throws(GloveboxError) {
        guard bytes.count == 32 else { throw GloveboxError("lineage.key", "a lineage key has 32 bytes") }
        func half(_ pad: UInt8) -> SHA256 {
            var hash = SHA256()
            hash.update(
                data: bytes.map { $0 ^ pad } + [UInt8](repeating: pad, count: SHA256.blockByteCount - bytes.count)
            )
            return hash
        }
        (inner, outer) = (half(0x36), half(0x5c))
    }

    /// The first 128 bits of HMAC-SHA-256.
    package func tag(_ message: [UInt8]) -> UnitTag {
        var (first, second) = (inner, outer)
        unsafe message.withUnsafeBytes { unsafe first.update(bufferPointer: $0) }
        unsafe first.finalize().withUnsafeBytes { unsafe second.update(bufferPointer: $0) }
        return unsafe second.finalize().withUnsafeBytes { bytes in
            func word(_ at: Int) -> UInt64 {
                UInt64(bigEndian: unsafe bytes.loadUnaligned(fromByteOffset: at, as: UInt64.self))
            }
            return UnitTag(high: word(0), low: word(8))
        }
    }
}

/// A privacy unit in the release history.
package struct UnitTag: Hashable, Comparable, Sendable {
    let high: UInt64
    let low: UInt64

    /// How many bytes one has.
    package static let length = 16

    /// Reads the tags that stand one after the other in bytes; what is left over is no tag.
    package static func tags(in bytes: [UInt8]) -> [UnitTag] {
        stride(from: 0, through: bytes.count - length, by: length).map { start in
            func word(_ at: Int) -> UInt64 { bytes[at..<at + 8].reduce(0) { $0 << 8 | UInt64($1) } }
            return UnitTag(high: word(start), low: word(start + 8))
        }
    }

    /// The tag's 16 bytes.
    package var bytes: [UInt8] {
        [high, low].flatMap { word in (0..<8).map { UInt8(truncatingIfNeeded: word >> UInt64(56 - 8 * $0)) } }
    }

    package static func < (left: Self, right: Self) -> Bool { (left.high, left.low) < (right.high, right.low) }
}

extension LineageKey {
    /// A key of this moment: what it tags can be told apart, and compared with nothing.
    static func random() throws(GloveboxError) -> LineageKey {
        try LineageKey((0..<32).map { _ in UInt8.random(in: .min ... .max) })
    }
}

extension DatasetTable {
    /// The tags of all units, by number; equal rows that are units have different ones.
    package func unitTags(_ key: LineageKey) -> [UnitTag] {
        var tagger = UnitTagger(description, key: key)
        if let unitLookup {
            var tags = [UnitTag](repeating: UnitTag(high: 0, low: 0), count: unitCount)
            for block in blocks {
                for (row, tag) in zip(block.rows, tagger.tags(block)) { tags[Int(unitLookup[row])] = tag }
            }
            return tags
        }
        var seen: [UnitTag: Int] = [:]
        return blocks.flatMap { block in
            tagger.tags(block).map { tag in
                let before = seen[tag, default: 0]
                seen[tag] = before + 1
                return before == 0 ? tag : key.tag(Array("again \(before)\0".utf8) + tag.bytes)
            }
        }
    }
}

/// Tags the units of rows while they go by; what it keeps is bounded.
///
/// An id unit is tagged by its id. A row unit is tagged by its values, so that it keeps its tag when other rows come or go
/// between two versions of a dataset; equal rows have one tag, and are counted.
package struct UnitTagger {
    private let key: LineageKey
    /// The column of the ids; nil where the row is the unit.
    private let unitColumn: Int?
    private let described: [DatasetColumn]
    private let names: [[UInt8]]
    // Tags of ids that were seen not long ago, which are likely to come again.
    private var known = ByteTable()
    private var tags: [UnitTag] = []
    private static let most = 1 << 17

    /// Starts with no row.
    package init(_ description: DatasetDescription, key: LineageKey) {
        self.key = key
        described = description.columns
        unitColumn =
            description.privacyUnit.kind == .id
            ? description.columns.firstIndex { $0.name.utf8.elementsEqual(description.privacyUnit.column.utf8) } : nil
        names = description.columns.map { [0] + Array($0.name.utf8) + [1] }
    }

    /// The unit of each row.
    package mutating func tags(_ block: RowBlock) -> [UnitTag] {
        if let unitColumn, case .identifiers(let values, let ids) = block.columns[unitColumn] {
            return values[block.rows].map { tag(ofID: ids[Int($0)]) }
        }
        var message: [UInt8] = []
        return block.rows.map { row in
            message.removeAll(keepingCapacity: true)
            message += "row".utf8
            for (index, name) in names.enumerated() {
                message += name
                if let text = described[index].text(row, of: block.columns[index]) { message += text.utf8 }
            }
            message += [0, UInt8(ascii: "0")]
            return key.tag(message)
        }
    }

    private mutating func tag(ofID id: String) -> UnitTag {
        if tags.count == Self.most {
            known = ByteTable()
            tags.removeAll(keepingCapacity: true)
        }
        let bytes = id.utf8
        let number = known.number(adding: bytes.span)
        if number == tags.count { tags.append(key.tag(Array("id\0".utf8) + bytes)) }
        return tags[number]
    }
}
