internal import GloveboxCore

/// The files of one half of a backup, in the form of `sha256sum`.
struct BackupSums: Sendable {
    /// The file they stand in.
    static let name = "SHA256SUMS"

    /// Digests by path below the half's directory.
    var files: [String: Digest] = [:]

    /// No files.
    init() {}

    /// Reads what ``bytes`` writes.
    ///
    /// - Throws: `backup.damaged`.
    init(parsing bytes: [UInt8]) throws(GloveboxError) {
        let damaged = Backup.damaged("\(Self.name) is not a list of digests and paths")
        guard bytes.isEmpty || bytes.last == UInt8(ascii: "\n") else { throw damaged }
        for line in bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).dropLast() {
            let text = String(decoding: line, as: UTF8.self)
            guard let digest = Digest(hex: String(text.prefix(64))), text.dropFirst(64).hasPrefix("  "),
                case let path = String(text.dropFirst(66)), Self.isPath(path), files[path] == nil
            else { throw damaged }
            files[path] = digest
        }
    }

    /// Lines sorted by path.
    var bytes: [UInt8] {
        files.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }.flatMap { Array("\($1.hex)  \($0)\n".utf8) }
    }

    /// Whether a path stays below its directory, and is plain: the supervisor writes no other names.
    static func isPath(_ path: String) -> Bool {
        let parts = path.split(separator: "/", omittingEmptySubsequences: false)
        return path.utf8.allSatisfy { (0x21...0x7e).contains($0) && $0 != UInt8(ascii: "\\") }
            && parts.allSatisfy { !$0.isEmpty && $0 != "." && $0 != ".." }
    }
}
