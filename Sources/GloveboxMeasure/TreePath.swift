internal import GloveboxCore

/// A path below the root of a tree, as bytes: names of files are bytes, and `String ==` would merge two of them.
package struct TreePath: Hashable, Sendable {
    /// The names from the root down; none for the root itself.
    package private(set) var parts: [[UInt8]]

    /// The root.
    package static let root = TreePath(parts: [])

    /// The last name; empty for the root.
    package var name: [UInt8] { parts.last ?? [] }

    /// The directory this stands in; the root for the root.
    package var parent: TreePath { TreePath(parts: Array(parts.dropLast())) }

    /// The names joined by `/`.
    package var bytes: [UInt8] {
        var out: [UInt8] = []
        for part in parts {
            if !out.isEmpty { out.append(UInt8(ascii: "/")) }
            out += part
        }
        return out
    }

    /// How many bytes ``bytes`` has.
    var count: Int { parts.reduce(max(0, parts.count - 1)) { $0 + $1.count } }

    /// The path one name further down.
    package func appending(_ name: [UInt8]) -> TreePath { TreePath(parts: parts + [name]) }

    /// Text for messages, made harmless; `.` for the root.
    package var display: String {
        parts.isEmpty ? "." : Display.escape(String(decoding: bytes, as: UTF8.self))
    }
}
