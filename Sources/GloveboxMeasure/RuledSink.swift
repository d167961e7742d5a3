package import GloveboxCore

/// Passes a tree on to another sink after every rule of attestation section 5 has been applied to it.
///
/// Producers put it in front of their sink; whoever takes the tree from ``finish()`` knows that it is lawful.
package struct RuledSink<Next: TreeSink>: TreeSink {
    /// Where lawful entries go.
    package private(set) var next: Next
    private let limits: TreeLimits
    private var open: [Frame] = []
    private var nodes: [(TreePath, TreeNode)] = []
    private var links: [TreePath] = []
    private var totalBytes: Int64 = 0
    private var leaves = 0

    /// The names seen in a directory that has not ended.
    private struct Frame {
        var last: [UInt8] = []
        var folded: Set<String> = []
    }

    /// Puts the rules in front of a sink.
    package init(_ next: Next, limits: TreeLimits) {
        self.next = next
        self.limits = limits
    }

    /// How many entries came so far; the number of the entry that an error speaks of.
    package var entries: Int { nodes.count }

    package mutating func beginDirectory(_ path: TreePath) throws(GloveboxError) {
        if path != .root { try enter(path, .directory) }
        open.append(Frame())
        try next.beginDirectory(path)
    }

    package mutating func endDirectory(_ path: TreePath) throws(GloveboxError) {
        open.removeLast()
        try next.endDirectory(path)
    }

    package mutating func beginFile(_ path: TreePath, executable: Bool, size: Int64) throws(GloveboxError) {
        try enter(path, .file)
        leaves += 1
        guard size >= 0, size <= limits.fileBytes else {
            throw GloveboxError("code.limits", "a file is larger than \(limits.fileBytes) bytes: \(path.display)")
        }
        totalBytes += size
        guard totalBytes <= limits.totalBytes else {
            throw GloveboxError("code.limits", "the files are larger than \(limits.totalBytes) bytes together")
        }
        try next.beginFile(path, executable: executable, size: size)
    }

    package mutating func chunk(_ bytes: ArraySlice<UInt8>) throws(GloveboxError) { try next.chunk(bytes) }

    package mutating func endFile() throws(GloveboxError) { try next.endFile() }

    package mutating func symlink(_ path: TreePath, target: [UInt8]) throws(GloveboxError) {
        try enter(path, .link(target))
        leaves += 1
        guard target.count <= limits.pathBytes else {
            throw GloveboxError("code.limits", "a link has too long a target: \(path.display)")
        }
        // Git reads this file itself and refuses to follow a link for it.
        guard !NameRules.fold(String(decoding: path.name, as: UTF8.self)).utf8.elementsEqual(".gitmodules".utf8) else {
            throw GloveboxError("code.link", "a link must not be called .gitmodules: \(path.display)")
        }
        links.append(path)
        try next.symlink(path, target: target)
    }

    /// Applies the rules that need the whole tree.
    ///
    /// - Throws: `code.limits` for a tree without any file or link, `code.link` for a link that leaves the tree or
    ///   leads nowhere.
    package mutating func finish() throws(GloveboxError) {
        guard leaves > 0 else { throw GloveboxError("code.limits", "the tree holds no file") }
        guard !links.isEmpty else { return }
        // Names come in order, so no path is there twice.
        var resolver = LinkResolver(nodes: Dictionary(nodes) { first, _ in first })
        for link in links { try resolver.check(link) }
    }

    private mutating func enter(_ path: TreePath, _ node: TreeNode) throws(GloveboxError) {
        guard nodes.count < limits.entries else {
            throw GloveboxError("code.limits", "the tree has more than \(limits.entries) entries")
        }
        guard path.parts.count <= limits.depth else {
            throw GloveboxError("code.limits", "the tree is deeper than \(limits.depth): \(path.display)")
        }
        let name = path.name
        let folded = try NameRules.check(name, limits: limits, at: path)
        guard path.count <= limits.pathBytes else {
            throw GloveboxError("code.limits", "a path is longer than \(limits.pathBytes) bytes: \(path.display)")
        }
        guard let frame = open.indices.last, open[frame].last.lexicographicallyPrecedes(name) else {
            throw GloveboxError("upload.rejected", "entries are doubled or out of order at \(path.display)")
        }
        open[frame].last = name
        guard open[frame].folded.insert(folded).inserted else {
            throw GloveboxError("code.name-collision", "two names differ in case only: \(path.display)")
        }
        nodes.append((path, node))
    }
}

extension RuledSink: Sendable where Next: Sendable {}
