package import GloveboxCore

extension PolicyMerge {
    /// What holds when two documents of one kind both do, as for two datasets in one run: the tighter value of each key.
    ///
    /// - Throws: `policy.incomparable` with the key path, `policy.kinds`, and what a document of the kind throws.
    package static func peers(_ one: JSONValue, _ other: JSONValue) throws(GloveboxError) -> PolicyDocument {
        let kind = try DocumentKind(of: one)
        guard try DocumentKind(of: other) == kind, kind.merges else {
            throw GloveboxError("policy.kinds", "only policies of one kind merge")
        }
        let (left, right) = (try kind.read(one), try kind.read(other))
        if left.digest == right.digest { return left }
        guard var merged = try tighter(left.canonical, right.canonical, "", kind.rules).object else {
            throw GloveboxError("policy.kinds", "a policy is a mapping")
        }
        merged["metadata"] = ["name": "peers", "version": 1]
        return try kind.read(.object(merged))
    }

    private static func tighter(
        _ one: JSONValue,
        _ other: JSONValue,
        _ pattern: String,
        _ rules: TighteningRules
    ) throws(GloveboxError) -> JSONValue {
        if !rules.isLeaf(pattern), let left = one.object, let right = other.object {
            var merged = JSONObject()
            for name in left.names + right.names.filter({ left[$0] == nil }) {
                let path = pattern.isEmpty ? name : pattern + "." + name
                if let mine = left[name], let theirs = right[name] {
                    merged[name] = try tighter(mine, theirs, path, rules)
                } else if rules.mayAdd(path) {
                    merged[name] = left[name] ?? right[name]
                } else {
                    throw incomparable(path)
                }
            }
            return .object(merged)
        }
        if pattern == "outputs", let left = one.array, let right = other.array {
            var common: [JSONValue] = []
            for output in left {
                guard let twin = right.first(where: { $0["name"] == output["name"] }) else { continue }
                common.append(try tighter(output, twin, "outputs[]", rules))
            }
            guard !common.isEmpty else { throw incomparable("outputs") }
            return .array(common)
        }
        guard let value = rules.rule(for: pattern).tighter(one, other) else { throw incomparable(pattern) }
        return value
    }

    private static func incomparable(_ path: String) -> GloveboxError {
        GloveboxError(
            "policy.incomparable",
            "neither policy is the tighter one in \(path)",
            hint: "Ask the owners of both datasets for policies that agree there."
        )
    }
}
