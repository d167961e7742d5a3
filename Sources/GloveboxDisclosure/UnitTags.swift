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

extension DatasetTable {
    /// The tags of all units; see ``UnitTagger``.
    package func unitTags(_ key: LineageKey) -> [UnitTag] {
        var tagger = UnitTagger(description, key: key)
        for block in blocks { tagger.take(block) }
        return tagger.tags
    }
}

extension RowSource {
    /// The tags of all units; see ``UnitTagger``.
    ///
    /// - Throws: as ``rows(_:)``.
    package func unitTags(_ key: LineageKey) throws(GloveboxError) -> [UnitTag] {
        var tagger = UnitTagger(description, key: key)
        _ = try rows { (block) throws(GloveboxError) in tagger.take(block) }
        return tagger.tags
    }
}

/// Tags units while their rows go by; what it keeps grows with the units, not with the rows.
///
/// An id unit is tagged by its id. A row unit is tagged by its values and by how many equal rows stand before it, so
/// that a row keeps its tag when other rows come or go between two versions of a dataset.
package struct UnitTagger {
    /// The tags, by unit.
    package private(set) var tags: [UnitTag] = []
    private let key: LineageKey
    /// The column of the ids; nil where the row is the unit.
    private let unitColumn: Int?
    private let names: [[UInt8]]
    private let codes: [[[UInt8]]]
    private var texts: RowTexts
    private var distinct = ByteTable()
    private var seen: [Int] = []

    /// Starts with no unit.
    package init(_ description: DatasetDescription, key: LineageKey) {
        self.key = key
        unitColumn =
            description.privacyUnit.kind == .id
            ? description.columns.firstIndex { $0.name.utf8.elementsEqual(description.privacyUnit.column.utf8) } : nil
        names = description.columns.map { [0] + Array($0.name.utf8) + [1] }
        codes = description.columns.map { $0.codes?.map { Array($0.utf8) } ?? [] }
        texts = RowTexts(description)
    }

    /// Takes the next rows.
    package mutating func take(_ block: RowBlock) {
        if let unitColumn {
            for name in block.names[unitColumn] { tags.append(key.tag(Array("id\0".utf8) + name.utf8)) }
            return
        }
        texts.take(block)
        var message: [UInt8] = []
        for row in block.rows {
            message.removeAll(keepingCapacity: true)
            message += "row".utf8
            for (index, name) in names.enumerated() {
                message += name
                append(index, row, of: block, to: &message)
            }
            let number = distinct.number(adding: message.span)
            if number == seen.count { seen.append(0) }
            message.append(0)
            message += String(seen[number]).utf8
            seen[number] += 1
            tags.append(key.tag(message))
        }
    }

    private func append(_ column: Int, _ row: Int, of block: RowBlock, to message: inout [UInt8]) {
        if case .codes(let values) = block.columns[column] {
            if values[row] != DatasetTable.Column.missingCode { message += codes[column][Int(values[row])] }
        } else if let text = texts.text(column, row, of: block) {
            message += text.utf8
        }
    }
}
