package import GloveboxCore

extension PolicyMerge {
    /// Where one limit comes from.
    package struct Origin: Sendable {
        /// The key path.
        package let path: String
        /// What holds.
        package let value: JSONValue
        /// Which source set it, counted from 0; nil when no document states it, so that the default holds.
        package let source: Int?
        /// The key path in the source's file; empty for a default.
        package let place: String
    }

    /// Every limit with the last document that states it.
    package var origins: [Origin] {
        let written = sources.map { PolicyLeaves($0, rules: kind.rules) }
        return PolicyLeaves(document.canonical, rules: kind.rules).leaves.map { leaf in
            for (index, source) in written.enumerated().reversed() {
                if let stated = source[leaf.path] {
                    return Origin(path: leaf.path, value: leaf.value, source: index, place: stated.place)
                }
            }
            return Origin(path: leaf.path, value: leaf.value, source: nil, place: "")
        }
    }
}
