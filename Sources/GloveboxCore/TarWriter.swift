/// Writes files into one tar archive, the same bytes for the same files: POSIX ustar, regular files only, mode 0644, no
/// owner, no time.
package enum TarWriter {
    /// Length of a block; headers and contents fill whole ones.
    package static let block = 512
    /// What ends an archive.
    package static let end = [UInt8](repeating: 0, count: 2 * block)

    /// The header of a file, to be followed by its bytes and ``padding(after:)``.
    ///
    /// - Throws: `archive.path` for a path that is empty, not ASCII, or longer than the format can carry;
    ///   `archive.limits` for a file of 8 GiB or more.
    package static func header(path: String, bytes: Int) throws(GloveboxError) -> [UInt8] {
        let (prefix, name) = try split(path)
        guard bytes >= 0, bytes < 1 << 33 else {
            throw GloveboxError("archive.limits", "\(Display.escape(path)) is too long for an archive")
        }
        var out = [UInt8](repeating: 0, count: block)
        func put(_ text: some Collection<UInt8>, at place: Int) {
            for (offset, byte) in text.enumerated() { out[place + offset] = byte }
        }
        func octal(_ value: Int, _ digits: Int, at place: Int) {
            let text = String(value, radix: 8)
            put((String(repeating: "0", count: digits - text.utf8.count) + text).utf8, at: place)
        }
        put(name, at: 0)
        octal(0o644, 7, at: 100)
        octal(0, 7, at: 108)
        octal(0, 7, at: 116)
        octal(bytes, 11, at: 124)
        octal(0, 11, at: 136)
        put("0".utf8, at: 156)
        put("ustar\u{0}00".utf8, at: 257)
        put(prefix, at: 345)
        put([UInt8](repeating: UInt8(ascii: " "), count: 8), at: 148)
        octal(out.reduce(0) { $0 + Int($1) }, 6, at: 148)
        out[154] = 0
        return out
    }

    /// The zeros between a file and the next header.
    package static func padding(after bytes: Int) -> [UInt8] {
        [UInt8](repeating: 0, count: (block - bytes % block) % block)
    }

    /// The two parts in which ustar keeps a path: at most 155 bytes, and at most 100.
    private static func split(_ path: String) throws(GloveboxError) -> (prefix: [UInt8], name: [UInt8]) {
        let refused = GloveboxError("archive.path", "\(Display.escape(path)) is no path for an archive")
        let utf8 = Array(path.utf8)
        guard !utf8.isEmpty, utf8.allSatisfy({ (0x21...0x7e).contains($0) }) else { throw refused }
        if utf8.count <= 100 { return ([], utf8) }
        guard let slash = utf8.indices.first(where: { utf8[$0] == UInt8(ascii: "/") && utf8.count - $0 - 1 <= 100 }),
            slash <= 155, slash + 1 < utf8.count
        else { throw refused }
        return (Array(utf8[..<slash]), Array(utf8[(slash + 1)...]))
    }
}
