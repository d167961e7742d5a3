import Glibc
import GloveboxCore
import GloveboxDocuments
import GloveboxLinux

/// A document that somebody wrote, and where each of its keys stands.
struct DocumentFile {
    /// The path as given.
    let path: String
    /// What it says.
    let value: JSONValue
    private let lines: [String: Int]

    /// Reads a YAML file.
    ///
    /// - Throws: `input.io`, `input.too-large` or `yaml.*`, each naming the file.
    init(_ path: String) throws(GloveboxError) {
        self.path = path
        let bytes = try Self.bytes(path, limit: StrictYAML.maxBytes + 1)
        do { (value, lines) = try StrictYAML.readLocated(bytes) } catch {
            throw GloveboxError(error.code, "\(Display.escape(path)): \(error.message)", hint: error.hint)
        }
    }

    /// The line of a key path, or of the innermost mapping around it that has one.
    func line(of place: String) -> Int {
        var place = place
        while lines[place] == nil, let end = place.lastIndex(where: { $0 == "." || $0 == "[" }) {
            place = String(place[..<end])
        }
        return lines[place] ?? 1
    }

    /// The bytes of a file.
    ///
    /// - Throws: `input.io`.
    static func bytes(_ path: String, limit: Int) throws(GloveboxError) -> [UInt8] {
        do { return try Descriptor.open(path, O_RDONLY).readAll(limit: limit) } catch {
            throw error.coded("input.io", hint: Display.escape(path))
        }
    }
}
