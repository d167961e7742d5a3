package import GloveboxCore

/// On which line of a file, from 1, each key path stands.
package struct DocumentLines: Hashable, Sendable {
    private let lines: [String: Int]

    /// Wraps what the reader of the file found; empty where the file is not known.
    package init(_ lines: [String: Int] = [:]) { self.lines = lines }

    /// The line of a key path, or of the innermost mapping around it that has one; nil where no line is known.
    package func line(of place: String) -> Int? {
        guard !lines.isEmpty else { return nil }
        var place = place
        while lines[place] == nil, let end = place.lastIndex(where: { $0 == "." || $0 == "[" }) {
            place = String(place[..<end])
        }
        return lines[place] ?? 1
    }

    /// The lines as an object of key paths.
    package var json: JSONValue {
        .object(JSONObject(lines.sorted { $0.key < $1.key }.map { ($0.key, .integer(Int64($0.value))) }))
    }

    /// Reads the lines again.
    ///
    /// - Throws: `schema.type`.
    package init(json: JSONValue) throws(GloveboxError) {
        guard let object = json.object else { throw GloveboxError("schema.type", "lines must be an object") }
        var lines: [String: Int] = [:]
        for member in object.members {
            guard let line = member.value.integer, line > 0 else {
                throw GloveboxError("schema.type", "a line must be a positive integer")
            }
            lines[member.name] = Int(clamping: line)
        }
        self.lines = lines
    }
}
