internal import GloveboxCore

/// What stands at a path of a tree.
enum TreeNode {
    case directory
    case file
    case link([UInt8])
}

/// Follows links inside a tree that is known by its names alone, as the kernel would follow them.
struct LinkResolver {
    let nodes: [TreePath: TreeNode]
    /// Steps left for all links together: a few links may ask for a great many.
    private var steps = 2_000_000

    /// Links of one chain, as in the kernel.
    private static let maximumHops = 40

    init(nodes: [TreePath: TreeNode]) { self.nodes = nodes }

    /// Checks that a link leads to an entry of the tree without leaving it on the way.
    ///
    /// - Throws: `code.link`; `code.limits` when the links of the tree need too many steps.
    mutating func check(_ link: TreePath) throws(GloveboxError) {
        guard case .link(let target)? = nodes[link] else { return }
        var pending = try parts(target, of: link)
        var place = link.parent
        var hops = 1
        while let part = pending.popLast() {
            steps -= 1
            guard steps > 0 else { throw GloveboxError("code.limits", "the links of the tree lead too far around") }
            guard isDirectory(place) else { throw refusal(link, "leads through a file") }
            if part.isEmpty || part == [UInt8(ascii: ".")] { continue }
            if part == [UInt8(ascii: "."), UInt8(ascii: ".")] {
                guard place != .root else { throw refusal(link, "leaves the tree") }
                place = place.parent
                continue
            }
            let next = place.appending(part)
            switch nodes[next] {
            case nil: throw refusal(link, "leads to nothing")
            case .link(let further):
                hops += 1
                guard hops <= Self.maximumHops else { throw refusal(link, "leads in a circle") }
                pending += try parts(further, of: link)
            case .directory, .file: place = next
            }
        }
    }

    /// The parts of a target, the first one last.
    private func parts(_ target: [UInt8], of link: TreePath) throws(GloveboxError) -> [[UInt8]] {
        guard let first = target.first else { throw refusal(link, "is empty") }
        guard first != UInt8(ascii: "/") else { throw refusal(link, "is absolute") }
        return target.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false).map(Array.init).reversed()
    }

    private func isDirectory(_ path: TreePath) -> Bool {
        if path == .root { return true }
        if case .directory? = nodes[path] { return true }
        return false
    }

    private func refusal(_ link: TreePath, _ why: String) -> GloveboxError {
        GloveboxError("code.link", "the link \(link.display) \(why)")
    }
}
