internal import GloveboxCore
internal import Yams

/// Turns the nodes of one document into values, and refuses what has no single meaning.
struct StrictNodes {
    /// The lines of the document as scalars, which is how node positions count.
    let lines: [[Unicode.Scalar]]

    /// The value of a node.
    ///
    /// The path is the node's key path, for errors; the depth counts the mappings and sequences that hold it, itself
    /// included.
    ///
    /// - Throws: `yaml.refused` or `yaml.duplicate-key`.
    func value(_ node: Node, at path: String, depth: Int) throws(GloveboxError) -> JSONValue {
        try refuseProperties(node, path)
        switch node {
        case .scalar(let scalar): return try value(scalar, at: path)
        case .sequence(let sequence):
            try checkDepth(depth, node, path)
            var elements: [JSONValue] = []
            for (index, element) in sequence.enumerated() {
                elements.append(try value(element, at: "\(path)[\(index)]", depth: depth + 1))
            }
            return .array(elements)
        case .mapping(let mapping):
            try checkDepth(depth, node, path)
            var object = JSONObject()
            for (key, element) in mapping {
                let name = try self.key(key, in: path)
                guard object[name] == nil else {
                    throw refusal("yaml.duplicate-key", "stands twice", key, Self.join(path, name))
                }
                object[name] = try value(element, at: Self.join(path, name), depth: depth + 1)
            }
            return .object(object)
        case .alias: throw refused("an alias", node, path)
        }
    }

    /// The line of each key path below a node that ``value(_:at:depth:)`` has accepted.
    static func lines(_ node: Node, at path: String) -> [String: Int] {
        var lines: [String: Int] = [:]
        if let mark = node.mark { lines[path] = mark.line }
        switch node {
        case .mapping(let mapping):
            for (key, element) in mapping {
                guard let name = key.scalar?.string else { continue }
                let inner = join(path, name)
                lines.merge(Self.lines(element, at: inner)) { first, _ in first }
                if let mark = key.mark { lines[inner] = mark.line }
            }
        case .sequence(let sequence):
            for (index, element) in sequence.enumerated() {
                lines.merge(Self.lines(element, at: "\(path)[\(index)]")) { first, _ in first }
            }
        case .scalar, .alias: break
        }
        return lines
    }

    // The position of a node is that of its first property, so a tag, an anchor or the anchor an alias points to
    // shows there; no plain scalar can start with these marks.
    private func refuseProperties(_ node: Node, _ path: String) throws(GloveboxError) {
        guard let mark = node.mark, lines.indices.contains(mark.line - 1),
            lines[mark.line - 1].indices.contains(mark.column - 1)
        else { return }
        switch lines[mark.line - 1][mark.column - 1] {
        case "&", "*": throw refused("an anchor or alias", node, path)
        case "!": throw refused("a tag", node, path)
        default: return
        }
    }

    private func checkDepth(_ depth: Int, _ node: Node, _ path: String) throws(GloveboxError) {
        guard depth <= StrictYAML.maxDepth else {
            throw refused("nesting deeper than \(StrictYAML.maxDepth)", node, path)
        }
    }

    private func key(_ node: Node, in path: String) throws(GloveboxError) -> String {
        try refuseProperties(node, path)
        guard case .scalar(let scalar) = node else { throw refused("a key that is no text", node, path) }
        guard scalar.style == .plain else { return scalar.string }
        guard case .text = PlainScalar(scalar.string) else {
            throw refused("the key '\(Display.escape(scalar.string))' without quotes", node, path)
        }
        return scalar.string
    }

    private func value(_ scalar: Node.Scalar, at path: String) throws(GloveboxError) -> JSONValue {
        guard scalar.style == .plain else { return .string(scalar.string) }
        switch PlainScalar(scalar.string) {
        case .text: return .string(scalar.string)
        case .truth(let flag): return .bool(flag)
        case .integer(let number): return .integer(number)
        case .null: throw refused("a missing value or null", .scalar(scalar), path)
        case .ambiguous:
            throw refused("'\(Display.escape(scalar.string))' without quotes", .scalar(scalar), path)
        }
    }

    private static func join(_ path: String, _ name: String) -> String {
        path.isEmpty ? Display.escape(name) : path + "." + Display.escape(name)
    }

    private func refused(_ what: String, _ node: Node, _ path: String) -> GloveboxError {
        refusal("yaml.refused", "\(what) is not allowed", node, path)
    }

    private func refusal(_ code: String, _ what: String, _ node: Node, _ path: String) -> GloveboxError {
        let line = node.mark.map { "line \($0.line): " } ?? ""
        return GloveboxError(code, path.isEmpty ? line + what : "\(line)\(path): \(what)")
    }
}
