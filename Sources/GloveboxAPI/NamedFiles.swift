package import GloveboxCore

/// One file of a receipt or of the trust files.
package struct NamedFile: APIValue {
    /// Relative path: parts of `A-Z a-z 0-9 . _ -` joined by `/`, no part beginning with a dot.
    package let path: String
    /// The exact bytes.
    package let content: [UInt8]

    /// Names a file.
    package init(path: String, content: [UInt8]) {
        self.path = path
        self.content = content
    }

    package init(json: JSONValue) throws(GloveboxError) {
        var fields = try JSONFields(json, at: "file")
        self.path = try fields.string("path")
        self.content = try fields.base64("content")
        try fields.finish()
        guard Self.isSafe(path) else {
            throw GloveboxError("path.invalid", "a file has an unsafe path: \(Display.escape(path))")
        }
    }

    package var json: JSONValue { ["path": .string(path), "content": .string(Base64.encode(content))] }

    /// Whether a path stays inside the directory it is put in.
    package static func isSafe(_ path: String) -> Bool {
        let parts = path.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        return path.utf8.count <= 1024
            && parts.allSatisfy { part in
                guard let first = part.first, first != UInt8(ascii: "."), part.count <= 255 else { return false }
                return part.allSatisfy {
                    (48...57).contains($0) || (65...90).contains($0) || (97...122).contains($0)
                        || $0 == 45 || $0 == 46 || $0 == 95
                }
            }
    }
}

/// The evidence directory of a job, or the trust files of a site.
package struct NamedFiles: APIValue {
    /// Name of a file of zeros that only fills a receipt up; it is not kept.
    package static let padding = "padding"

    /// The files; no two have one path.
    package let files: [NamedFile]

    /// Hands out files.
    package init(_ files: [NamedFile]) { self.files = files }

    package init(json: JSONValue) throws(GloveboxError) {
        var fields = try JSONFields(json, at: "files")
        self.files = try fields.values("files")
        try fields.finish()
        guard Set(files.map(\.path)).count == files.count else {
            throw GloveboxError("path.invalid", "two files have one path")
        }
    }

    package var json: JSONValue { ["files": .array(files.map(\.json))] }

    /// The bytes of the file with that path, or nil.
    package subscript(path: String) -> [UInt8]? { files.first { $0.path == path }?.content }
}
