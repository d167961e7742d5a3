internal import GloveboxCore

/// What of a release is another than in the one before, for people: in a table the cells, in other text the lines.
package struct ReleaseDifference {
    /// The differences, a line each; names and values are as raw as they came.
    package private(set) var lines: [String]

    /// Compares a release that waits for people with the one that it names.
    package init(_ release: ReleaseReview) {
        guard let earlier = release.earlier else {
            lines = ["the project's first release of this data"]
            return
        }
        lines = ["since       \(earlier.job)"]
        // The record of what was checked is no part of what leaves.
        let files = release.files.filter { $0.path != Self.record }
        let before = Dictionary(earlier.files.map { ($0.path, $0.content) }) { first, _ in first }
        for file in files { compare(file.path, before[file.path], file.content) }
        let names = Set(files.map(\.path))
        for name in before.keys.sorted() where !names.contains(name) { compare(name, before[name], nil) }
        if lines.count == 1 { lines.append("every file is the same") }
    }

    private static let record = "disclosure.json"

    private mutating func compare(_ name: String, _ before: [UInt8]?, _ after: [UInt8]?) {
        guard before != after else { return }
        guard let before else { return lines.append("+ \(name), \(after?.count ?? 0) bytes") }
        guard let after else { return lines.append("- \(name), \(before.count) bytes") }
        guard let old = String(validating: before, as: UTF8.self), let new = String(validating: after, as: UTF8.self)
        else { return lines.append("~ \(name), \(before.count) bytes before, \(after.count) now") }
        lines.append("~ \(name)")
        let rows = (Self.rows(old), Self.rows(new))
        if name.hasSuffix(".csv"), let cells = Self.cells(rows.0, rows.1) {
            lines += cells
        } else {
            lines += Self.difference(rows.0, rows.1)
        }
    }

    private static func rows(_ text: String) -> [String] { text.split(separator: "\n").map(String.init) }

    /// The cells of two tables of one header that are not the same; nil for other tables.
    ///
    /// A row is known by its labels, which stand before the column `n`.
    private static func cells(_ before: [String], _ after: [String]) -> [String]? {
        guard let header = after.first, header == before.first else { return nil }
        let names = fields(header)
        guard let labels = names.firstIndex(of: "n") else { return nil }
        func key(_ row: String) -> String { fields(row).prefix(labels).joined(separator: ",") }
        let old = Dictionary(before.dropFirst().map { (key($0), $0) }) { first, _ in first }
        let new = Dictionary(after.dropFirst().map { (key($0), $0) }) { first, _ in first }
        guard old.count == before.count - 1, new.count == after.count - 1 else { return nil }
        var found: [String] = []
        for row in after.dropFirst() {
            guard let was = old[key(row)] else {
                found.append("  + \(row)")
                continue
            }
            for (name, (one, other)) in zip(names, zip(fields(was), fields(row))).dropFirst(labels) where one != other {
                found.append("  \(labels == 0 ? "" : key(row) + " ")\(name): \(one) -> \(other)")
            }
        }
        for row in before.dropFirst() where new[key(row)] == nil { found.append("  - \(row)") }
        return found
    }

    /// The fields of a row as the site writes it: without quotes.
    private static func fields(_ row: String) -> [String] {
        row.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
    }

    private static func difference(_ before: [String], _ after: [String]) -> [String] {
        var found: [String] = []
        let changes = after.difference(from: before)
        for case .remove(_, let text, _) in changes.removals { found.append("  - \(text)") }
        for case .insert(_, let text, _) in changes.insertions { found.append("  + \(text)") }
        return found
    }
}
