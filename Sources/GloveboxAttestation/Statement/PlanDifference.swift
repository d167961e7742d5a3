internal import GloveboxCore

/// What differs between two plans, field by field, as a reviewer is shown it.
///
/// Every field counts but those that are fresh in each plan (salts, commitments) or follow from others (digests of the
/// code, which is compared file by file). Source: job backend specification, section 1.2.
package struct PlanDifference: Sendable {
    /// One field that is not the same.
    package struct Change: Sendable, Equatable {
        /// Its path in the manifest, such as `core.executors[0].argv`, or `core.files` and the path of a file.
        package let field: String
        /// What the earlier plan has there, in canonical JSON; nil where it has nothing.
        package let before: String?
        /// What the later plan has there; nil where it has nothing.
        package let after: String?
    }

    /// Every change, fields in order, then files.
    package private(set) var changes: [Change] = []
    /// Paths of the code files whose bytes differ, or that only one of the plans has.
    package private(set) var files: [String] = []

    private static let fresh: Set<String> = ["salt", "coreDigest", "core.code", "core.files"]

    /// Compares an earlier plan with a later one.
    package init(from old: Manifest, to new: Manifest) {
        compare("", old.predicate, new.predicate)
        compareFiles(old.core.files, new.core.files)
    }

    private mutating func compare(_ path: String, _ old: JSONValue?, _ new: JSONValue?) {
        guard old != new, !Self.fresh.contains(path), !(path.hasPrefix("inputs[") && path.hasSuffix("].commit")) else {
            return
        }
        if let before = old?.object, let after = new?.object {
            for key in Set(before.names + after.names).sorted() {
                compare(path.isEmpty ? key : "\(path).\(key)", before[key], after[key])
            }
        } else if let before = old?.array, let after = new?.array, (before + after).allSatisfy({ $0.object != nil }) {
            for index in 0..<max(before.count, after.count) {
                let pair = [before, after].map { $0.indices.contains(index) ? $0[index] : nil }
                compare("\(path)[\(index)]", pair[0], pair[1])
            }
        } else {
            changes.append(Change(field: path, before: old.map(Self.text), after: new.map(Self.text)))
        }
    }

    private mutating func compareFiles(_ old: [CodeFile], _ new: [CodeFile]) {
        // Paths are compared as bytes: two names may look the same.
        let before = Dictionary(old.map { (Array($0.path.utf8), $0) }) { first, _ in first }
        let after = Dictionary(new.map { (Array($0.path.utf8), $0) }) { first, _ in first }
        for name in Set(before.keys).union(after.keys).sorted(by: { $0.lexicographicallyPrecedes($1) }) {
            let (was, now) = (before[name], after[name])
            guard was?.json != now?.json, let path = (now ?? was)?.path else { continue }
            changes.append(
                Change(field: "core.files \(path)", before: was.map(Self.text), after: now.map(Self.text))
            )
            if was?.digest != now?.digest { files.append(path) }
        }
    }

    private static func text(_ value: JSONValue) -> String {
        value.string ?? String(decoding: CanonicalJSON.encode(value), as: UTF8.self)
    }

    private static func text(_ file: CodeFile) -> String {
        "mode \(file.mode), \(file.size) bytes, sha256 \(file.digest.hex)"
    }
}
