/// Reads an archive as ``TarWriter`` makes it, header by header, and refuses everything else: links, devices,
/// directories, absolute paths, `..`, files twice, and more than the limits allow.
///
/// Source: transparency-log specification, section 12.
package struct TarReader {
    /// One file's place in the archive.
    package struct Header: Sendable, Hashable {
        /// Relative path: parts of `A-Z a-z 0-9 . _ -` joined by `/`, none beginning with a dot.
        package let path: String
        /// Length of the file.
        package let bytes: Int
    }

    /// Greatest number of files.
    package static let maxFiles = 1 << 20
    /// Greatest length of one file in bytes.
    package static let maxFileBytes = 1 << 30
    /// Greatest length of all files together in bytes.
    package static let maxBytes = 1 << 36

    private var seen: Set<String> = []
    private var total = 0

    /// Nothing read yet.
    package init() {}

    /// Reads one block as a header; nil for a block of zeros, which ends the archive.
    ///
    /// - Throws: `archive.path`, `archive.type`, `archive.limits`, `archive.format`.
    package mutating func header(_ block: [UInt8]) throws(GloveboxError) -> Header? {
        guard block.count == TarWriter.block else { throw Self.format("ends in the middle of a header") }
        if block.allSatisfy({ $0 == 0 }) { return nil }
        let path = try Self.path(block)
        guard block[156] == UInt8(ascii: "0") else {
            throw GloveboxError(
                "archive.type",
                "\(Display.escape(path)) is no regular file; an export has no links, devices or directories"
            )
        }
        guard let bytes = Int(Self.text(block[124..<136]), radix: 8), bytes >= 0 else {
            throw Self.format("has a file without a length")
        }
        guard bytes <= Self.maxFileBytes, total + bytes <= Self.maxBytes, seen.count < Self.maxFiles else {
            throw GloveboxError("archive.limits", "the archive holds more than an export may: \(Display.escape(path))")
        }
        // One spelling of each header, so that no two readers see different archives.
        guard try TarWriter.header(path: path, bytes: bytes) == block else {
            throw Self.format("has a header that is not in the form of an export: \(Display.escape(path))")
        }
        guard seen.insert(path).inserted else {
            throw GloveboxError("archive.path", "\(Display.escape(path)) stands in the archive twice")
        }
        total += bytes
        return Header(path: path, bytes: bytes)
    }

    private static func path(_ block: [UInt8]) throws(GloveboxError) -> String {
        let (name, prefix) = (text(block[0..<100]), text(block[345..<500]))
        let path = prefix.isEmpty ? name : prefix + "/" + name
        let parts = path.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        let isSafe = parts.allSatisfy { part in
            part.first.map { $0 != UInt8(ascii: ".") } ?? false
                && part.allSatisfy {
                    (48...57).contains($0) || (65...90).contains($0) || (97...122).contains($0)
                        || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: "_")
                }
        }
        guard isSafe else {
            throw GloveboxError("archive.path", "the archive has a path that leads elsewhere: \(Display.escape(path))")
        }
        return path
    }

    /// A field up to its first zero byte.
    private static func text(_ field: ArraySlice<UInt8>) -> String {
        String(decoding: field.prefix { $0 != 0 }, as: UTF8.self)
    }

    private static func format(_ what: String) -> GloveboxError {
        GloveboxError("archive.format", "the archive \(what)")
    }
}
