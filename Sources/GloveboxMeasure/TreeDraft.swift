package import GloveboxCore

/// A code tree of a few small files that is put together in memory.
///
/// It passes the rules and is measured as a directory with the same files would be, and no file is made for it.
package struct TreeDraft: Sendable {
    private enum Node: Sendable {
        case directory([[UInt8]: Node])
        case file([UInt8])
    }

    private var root: [[UInt8]: Node] = [:]
    private let limits: TreeLimits

    /// Starts with no file.
    package init(limits: TreeLimits = .upload) { self.limits = limits }

    /// Puts a file at a path, the names from the root down, with the directories above it; false when something else stands
    /// at the path or above it.
    ///
    /// - Throws: `code.limits` for a path that is too deep.
    package mutating func add(_ content: [UInt8], at path: [[UInt8]]) throws(GloveboxError) -> Bool {
        guard !path.isEmpty, path.count <= limits.depth else {
            throw GloveboxError("code.limits", "a path of \(path.count) names, where 1 to \(limits.depth) are allowed")
        }
        return Self.add(content, at: path[...], to: &root)
    }

    private static func add(
        _ content: [UInt8],
        at path: ArraySlice<[UInt8]>,
        to nodes: inout [[UInt8]: Node]
    ) -> Bool {
        guard let name = path.first else { return false }
        let below = path.dropFirst()
        if below.isEmpty {
            guard nodes[name] == nil else { return false }
            nodes[name] = .file(content)
            return true
        }
        var inner: [[UInt8]: Node] = [:]
        switch nodes[name] {
        case .file: return false
        case .directory(let known): inner = known
        case nil: break
        }
        guard add(content, at: below, to: &inner) else { return false }
        nodes[name] = .directory(inner)
        return true
    }

    /// Packs it into a Nix archive and measures exactly the bytes that went into it.
    ///
    /// - Throws: the `code.*` refusals of attestation section 5; `upload.rejected` for what is no name.
    package func pack() throws(GloveboxError) -> (archive: [UInt8], measurement: CodeMeasurement) {
        var ruled = RuledSink(PairSink(NARWriter(ByteArray()), TreeDigester()), limits: limits)
        try Self.walk(root, at: .root, into: &ruled)
        try ruled.finish()
        var packed = ruled.next
        return (Array(packed.first.output.bytes), packed.second.finish())
    }

    private static func walk(
        _ nodes: [[UInt8]: Node],
        at path: TreePath,
        into sink: inout some TreeSink
    ) throws(GloveboxError) {
        try sink.beginDirectory(path)
        for (name, node) in nodes.sorted(by: { $0.key.lexicographicallyPrecedes($1.key) }) {
            let child = path.appending(name)
            switch node {
            case .directory(let inner): try walk(inner, at: child, into: &sink)
            case .file(let content):
                try sink.beginFile(child, executable: false, size: Int64(content.count))
                if !content.isEmpty { try sink.chunk(content[...]) }
                try sink.endFile()
            }
        }
        try sink.endDirectory(path)
    }
}
