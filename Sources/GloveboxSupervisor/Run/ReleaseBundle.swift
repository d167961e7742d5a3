internal import GloveboxCore
internal import GloveboxDisclosure

/// The canonical archive of a release: two releases of the same files are the same bytes, and the length is one of a few.
///
/// Format: POSIX ustar, mode 0644, no owner, time 1980-01-01T00:00:00Z. Source: release policy section 7.2.
struct ReleaseBundle {
    /// The archive, padded with zeros to a length the policy names.
    let bytes: [UInt8]

    private static let time: Int64 = 315_532_800

    /// Packs files.
    ///
    /// - Throws: `output.too-large` when no length of the policy holds them.
    init(_ files: [Decision.File], pad: [Int64]) throws(GloveboxError) {
        var out: [UInt8] = []
        for file in files.sorted(by: { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }) {
            out += Self.header(file)
            out += file.bytes
            out += [UInt8](repeating: 0, count: (512 - file.bytes.count % 512) % 512)
        }
        out += [UInt8](repeating: 0, count: 1024)
        guard let size = pad.sorted().first(where: { $0 >= out.count }) else {
            throw GloveboxError("output.too-large", "the release is larger than every bundle size of the policy")
        }
        bytes = out + [UInt8](repeating: 0, count: Int(size) - out.count)
    }

    private static func header(_ file: Decision.File) -> [UInt8] {
        var block = [UInt8](repeating: 0, count: 512)
        func put(_ text: String, at offset: Int) {
            block.replaceSubrange(offset..<offset + text.utf8.count, with: text.utf8)
        }
        put(file.name, at: 0)  // the policy allows at most 64 bytes
        put(octal(0o644, 7), at: 100)
        put(octal(0, 7), at: 108)
        put(octal(0, 7), at: 116)
        put(octal(Int64(file.bytes.count), 11), at: 124)
        put(octal(time, 11), at: 136)
        put("        ", at: 148)
        put("0", at: 156)
        put("ustar", at: 257)
        put("00", at: 263)
        let sum = block.reduce(Int64(0)) { $0 + Int64($1) }
        put(octal(sum, 6) + "\0 ", at: 148)
        return block
    }

    private static func octal(_ value: Int64, _ width: Int) -> String {
        let digits = String(value, radix: 8)
        return String(repeating: "0", count: max(0, width - digits.utf8.count)) + digits
    }
}
