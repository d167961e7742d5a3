package import GloveboxCore

/// Where a tile or an entry bundle lies under a log's prefix.
///
/// Source: C2SP tlog-tiles; transparency-log specification, section 5.
package struct TilePath: Sendable, Hashable {
    /// What the file holds.
    package enum Content: Sendable, Hashable {
        /// Hashes of complete subtrees of 256^level entries; 0 to 63.
        case hashes(level: Int)
        /// The entries themselves.
        case entries
    }

    /// Elements of a full tile.
    package static let full = 256

    /// What the file holds.
    package let content: Content
    /// Which tile from the left.
    package let index: UInt64
    /// Elements, 1 to 256; below 256 the tile is partial.
    package let width: Int

    /// Names a file.
    ///
    /// - Precondition: the width is 1 to 256 and the level 0 to 63.
    package init(_ content: Content, index: UInt64, width: Int = TilePath.full) {
        precondition((1...Self.full).contains(width), "a tile has 1 to 256 elements")
        if case .hashes(let level) = content { precondition((0...63).contains(level), "tile levels end at 63") }
        self.content = content
        self.index = index
        self.width = width
    }

    /// Reads a path; only the one spelling of each path is read.
    ///
    /// - Throws: `log.path`.
    package init(parsing path: String) throws(GloveboxError) {
        let refused = GloveboxError("log.path", "\(Display.escape(path)) is no path of a tile or entry bundle")
        var parts = path.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)[...]
        guard parts.popFirst()?.elementsEqual("tile".utf8) == true, let kind = parts.popFirst() else { throw refused }
        let content: Content
        if kind.elementsEqual("entries".utf8) {
            content = .entries
        } else if let level = Decimal.read(kind), level <= 63 {
            content = .hashes(level: Int(level))
        } else {
            throw refused
        }
        var width = Self.full
        if parts.count >= 2, let group = parts.dropLast().last, group.suffix(2).elementsEqual(".p".utf8) {
            guard let partial = parts.popLast().flatMap({ Decimal.read($0) }), (1...255).contains(partial) else {
                throw refused
            }
            width = Int(partial)
            parts[parts.endIndex - 1] = group.dropLast(2)
        }
        var index: UInt64 = 0
        for group in parts {
            guard group.count <= 4, index < UInt64(Int64.max) / 1000,
                let digits = UInt64(String(decoding: group.suffix(3), as: UTF8.self))
            else { throw refused }
            index = index * 1000 + digits
        }
        self.init(content, index: index, width: width)
        // Digits, prefixes and padding have one spelling each: what is written back must be what was read.
        guard self.path.utf8.elementsEqual(path.utf8) else { throw refused }
    }

    /// The path.
    package var path: String {
        var groups: [String] = []
        var rest = index
        repeat {
            let digits = String(rest % 1000)
            groups.append(String(repeating: "0", count: 3 - digits.utf8.count) + digits)
            rest /= 1000
        } while rest > 0
        var name = groups[0]
        for group in groups.dropFirst() { name = "x\(group)/\(name)" }
        let kind =
            switch content {
            case .hashes(let level): "\(level)"
            case .entries: "entries"
            }
        return "tile/\(kind)/\(name)" + (width < Self.full ? ".p/\(width)" : "")
    }

    /// The files that a log of `new` entries has and that of `old` entries had not, bundles before tiles.
    package static func added(from old: UInt64, to new: UInt64) -> [TilePath] {
        var out = added(.entries, from: old, to: new)
        var level = 0
        while level < 8, new >> UInt64(8 * level) > 0 {
            out += added(.hashes(level: level), from: old >> UInt64(8 * level), to: new >> UInt64(8 * level))
            level += 1
        }
        return out
    }

    private static func added(_ content: Content, from old: UInt64, to new: UInt64) -> [TilePath] {
        guard new > old else { return [] }
        return (old / 256...(new - 1) / 256).map { index in
            TilePath(content, index: index, width: Int(min(256, new - index * 256)))
        }
    }
}
