package import GloveboxCore

/// Documents of one kind on top of each other: site, dataset, project, run.
///
/// A document below the first states only what it tightens; every other key it takes from above. Source: release policy
/// section 3.3.
package struct PolicyMerge: Sendable {
    /// The kind of all of them.
    package let kind: DocumentKind
    /// The documents as written, the loosest first.
    package let sources: [JSONValue]
    /// What holds.
    package let document: PolicyDocument

    /// Merges documents, the site's first; `lines` tell where the keys of each stand, as far as known.
    ///
    /// - Throws: `policy.loosens` with every key path, and its line, that a later document loosens, `policy.kinds` when the kinds differ,
    ///   and what a document of the kind throws.
    package init(_ sources: [JSONValue], lines: [DocumentLines] = []) throws(GloveboxError) {
        guard let first = sources.first else { throw GloveboxError("policy.kinds", "there is no document to merge") }
        kind = try DocumentKind(of: first)
        self.sources = sources
        var merged = try kind.read(first)
        for (index, child) in sources.enumerated().dropFirst() {
            guard try DocumentKind(of: child) == kind, kind.merges else {
                throw GloveboxError("policy.kinds", "only policies of one kind merge")
            }
            let parent = merged
            merged = try kind.read(Self.overlay(parent.canonical, child, at: ""))
            let loosened = Self.changes(parent.canonical, merged.canonical, kind.rules).filter(\.loosens)
            guard loosened.isEmpty else {
                let written = PolicyLeaves(child, rules: kind.rules)
                let places = loosened.map { change in
                    let known = index < lines.count ? lines[index] : DocumentLines()
                    let line = written[change.path].flatMap { known.line(of: $0.place) }
                    return line.map { "\(change.path) (line \($0))" } ?? change.path
                }
                throw GloveboxError(
                    "policy.loosens",
                    "\(merged.name) loosens \(parent.name): \(places.joined(separator: ", "))",
                    hint: "A later document may only tighten; leave the key out to keep the value above."
                )
            }
        }
        document = merged
    }

    // A child's keys over its parent's; outputs are matched by name, and those the child does not name are dropped.
    private static func overlay(_ parent: JSONValue, _ child: JSONValue, at key: String) -> JSONValue {
        if let above = parent.object, let below = child.object {
            var merged = above
            for member in below.members {
                merged[member.name] = overlay(above[member.name] ?? .null, member.value, at: member.name)
            }
            return .object(merged)
        }
        guard key == "outputs", let above = parent.array, let below = child.array else { return child }
        return .array(
            below.map { output in overlay(above.first { $0["name"] == output["name"] } ?? .null, output, at: "") }
        )
    }
}

extension PolicyMerge {
    /// A limit in which two documents differ.
    package struct Change: Sendable {
        /// The key path.
        package let path: String
        /// The value in the first document; nil when it has none.
        package let before: JSONValue?
        /// The value in the second document; nil when it has none.
        package let after: JSONValue?
        /// How the second stands to the first.
        package let order: Tightness.Order

        /// Whether the second document may not stand below the first.
        package var loosens: Bool { order == .looser || order == .incomparable }
    }

    /// The limits in which two canonical documents of one kind differ.
    package static func changes(_ first: JSONValue, _ second: JSONValue, _ rules: TighteningRules) -> [Change] {
        let (before, after) = (PolicyLeaves(first, rules: rules), PolicyLeaves(second, rules: rules))
        let dropped = before.leaves.filter { after[$0.path] == nil }
        return after.leaves.compactMap { leaf in
            guard let old = before[leaf.path] else {
                let order: Tightness.Order = rules.mayAdd(leaf.pattern) ? .tighter : .looser
                return Change(path: leaf.path, before: nil, after: leaf.value, order: order)
            }
            let order = rules.rule(for: leaf.pattern).order(parent: old.value, child: leaf.value)
            return old.value == leaf.value
                ? nil : Change(path: leaf.path, before: old.value, after: leaf.value, order: order)
        }
            + dropped.map { leaf in
                // An output that is no longer declared can no longer leave; any other limit that is gone is a hole.
                let output = leaf.path.prefix { $0 != "]" } + "]"
                let isGone = leaf.pattern.hasPrefix("outputs[]") && !after.leaves.contains { $0.path.hasPrefix(output) }
                return Change(path: leaf.path, before: leaf.value, after: nil, order: isGone ? .tighter : .looser)
            }
    }
}
