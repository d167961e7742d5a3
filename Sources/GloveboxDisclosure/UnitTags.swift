package import GloveboxCore
internal import GloveboxPolicy
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

    /// The tag's 16 bytes.
    package var bytes: [UInt8] {
        [high, low].flatMap { word in (0..<8).map { UInt8(truncatingIfNeeded: word >> UInt64(56 - 8 * $0)) } }
    }

    package static func < (left: Self, right: Self) -> Bool { (left.high, left.low) < (right.high, right.low) }
}

extension DatasetTable {
    /// The tags of all units.
    ///
    /// An id unit is tagged by its id. A row unit is tagged by its values and by how many equal rows stand before it, so
    /// that a row keeps its tag when other rows come or go between two versions of a dataset.
    package func unitTags(_ key: LineageKey) -> [UnitTag] {
        if description.privacyUnit.kind == .id, let index = index(of: description.privacyUnit.column),
            case .identifiers(_, let names) = columns[index]
        {
            return names.map { key.tag(Array("id\0".utf8) + $0.utf8) }
        }
        let names = description.columns.map { [0] + Array($0.name.utf8) + [1] }
        let codes = description.columns.map { $0.codes?.map { Array($0.utf8) } ?? [] }
        var distinct = ByteTable()
        var seen: [Int] = []
        var tags: [UnitTag] = []
        tags.reserveCapacity(rowCount)
        var message: [UInt8] = []
        for row in 0..<rowCount {
            message.removeAll(keepingCapacity: true)
            message += "row".utf8
            for (index, name) in names.enumerated() {
                message += name
                append(column: index, row: row, codes[index], to: &message)
            }
            let number = distinct.number(adding: message.span)
            if number == seen.count { seen.append(0) }
            message.append(0)
            message += String(seen[number]).utf8
            seen[number] += 1
            tags.append(key.tag(message))
        }
        return tags
    }

    private func append(column: Int, row: Int, _ codes: [[UInt8]], to message: inout [UInt8]) {
        if case .codes(let values) = columns[column] {
            if values[row] != Column.missingCode { message += codes[Int(values[row])] }
        } else if let text = text(column: column, row: row) {
            message += text.utf8
        }
    }
}
