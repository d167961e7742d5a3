package import GloveboxCore

/// The limits of a document, one by one, with their key paths.
package struct PolicyLeaves: Sendable {
    /// One limit.
    package struct Leaf: Sendable {
        /// The key path; a declared output stands by name, as `outputs[table.csv].max_rows`.
        package let path: String
        /// The key path without names, as `outputs[].max_rows`.
        package let pattern: String
        /// The key path in the file, where outputs stand by place, as `outputs[0].max_rows`.
        package let place: String
        /// The value.
        package let value: JSONValue
    }

    /// The limits in the order of the canonical form.
    package private(set) var leaves: [Leaf] = []
    private let rules: TighteningRules

    /// Takes a document apart.
    package init(_ value: JSONValue, rules: TighteningRules) {
        self.rules = rules
        take(value, path: "", pattern: "", place: "")
    }

    /// The limit at a key path.
    package subscript(path: String) -> Leaf? { leaves.first { $0.path == path } }

    private mutating func take(_ value: JSONValue, path: String, pattern: String, place: String) {
        if !rules.isLeaf(pattern), let object = value.object {
            for member in object.members {
                let name = Display.escape(member.name)
                func join(_ text: String) -> String { text.isEmpty ? name : text + "." + name }
                take(member.value, path: join(path), pattern: join(pattern), place: join(place))
            }
        } else if pattern == "outputs", let elements = value.array {
            for (index, element) in elements.enumerated() {
                let name = Display.escape(element["name"]?.string ?? "")
                take(element, path: "outputs[\(name)]", pattern: "outputs[]", place: "outputs[\(index)]")
            }
        } else if pattern != "metadata" {
            leaves.append(Leaf(path: path, pattern: pattern, place: place, value: value))
        }
    }
}
