import Glibc
import GloveboxCore
import GloveboxDocuments
import GloveboxLinux
import GloveboxPolicy

/// A document that somebody wrote, and where each of its keys stands.
struct DocumentFile {
    /// The path as given.
    let path: String
    /// What it says.
    let value: JSONValue
    /// Where its keys stand.
    let lines: DocumentLines

    /// Reads a YAML file.
    ///
    /// - Throws: `input.io`, `input.too-large` or `yaml.*`, each naming the file.
    init(_ path: String) throws(GloveboxError) {
        self.path = path
        let bytes = try Self.bytes(path, limit: StrictYAML.maxBytes + 1)
        do {
            let (value, lines) = try StrictYAML.readLocated(bytes)
            (self.value, self.lines) = (value, DocumentLines(lines))
        } catch {
            throw GloveboxError(error.code, "\(Display.escape(path)): \(error.message)", hint: error.hint)
        }
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
