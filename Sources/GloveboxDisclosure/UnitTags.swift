package import GloveboxCore
internal import GloveboxPolicy

internal import struct Crypto.HMAC
internal import struct Crypto.SHA256
internal import struct Crypto.SymmetricKey

/// The secret key of a dataset lineage: it turns privacy units into tags that mean nothing without it.
package struct LineageKey: Sendable {
    private let key: SymmetricKey

    /// Wraps 32 random bytes.
    ///
    /// - Throws: `lineage.key` for any other length.
    package init(_ bytes: [UInt8]) throws(GloveboxError) {
        guard bytes.count == 32 else { throw GloveboxError("lineage.key", "a lineage key has 32 bytes") }
        key = SymmetricKey(data: bytes)
    }

    /// The first 128 bits of HMAC-SHA-256.
    package func tag(_ message: [UInt8]) -> UnitTag {
        var high: UInt64 = 0
        var low: UInt64 = 0
        for (index, byte) in HMAC<SHA256>.authenticationCode(for: message, using: key).prefix(16).enumerated() {
            if index < 8 { high = high << 8 | UInt64(byte) } else { low = low << 8 | UInt64(byte) }
        }
        return UnitTag(high: high, low: low)
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
        var seen: [[UInt8]: UInt32] = [:]
        var tags: [UnitTag] = []
        tags.reserveCapacity(rowCount)
        for row in 0..<rowCount {
            var message = Array("row".utf8)
            for (index, column) in description.columns.enumerated() {
                message.append(0)
                message += column.name.utf8
                message.append(1)
                message += (text(column: index, row: row) ?? "").utf8
            }
            let before = seen[message, default: 0]
            seen[message] = before + 1
            tags.append(key.tag(message + [0] + String(before).utf8))
        }
        return tags
    }
}
