import GloveboxCore
import Testing

@testable import GloveboxMeasure

/// Archives from somebody hostile.
struct ArchiveTests {
    /// One word or length of an archive, spelled in the tests.
    static func words(_ parts: String...) -> [UInt8] { parts.flatMap { NAR.string(Array($0.utf8)) } }

    static let head = words("nix-archive-1", "(", "type", "directory")
    static let tail = words(")")

    static func entry(_ name: String, _ node: [UInt8]) -> [UInt8] {
        words("entry", "(", "name") + NAR.string(Array(name.utf8)) + words("node") + node + words(")")
    }

    static func file(_ text: String) -> [UInt8] { words("(", "type", "regular", "contents", text, ")") }
    static func link(_ target: String) -> [UInt8] { words("(", "type", "symlink", "target", target, ")") }
    static func directory(_ entries: [UInt8]) -> [UInt8] { words("(", "type", "directory") + entries + tail }
    static func archive(_ entries: [UInt8]) -> [UInt8] { head + entries + tail }

    static func measure(_ bytes: [UInt8], _ limits: TreeLimits = .upload) throws(GloveboxError) -> CodeMeasurement {
        try CodeTree.measure(archive: ByteArray(bytes), limits: limits)
    }

    static let lawful = archive(
        entry("a", file("hello")) + entry("b", directory(entry("c", file("12345678")))) + entry("l", link("b/c"))
    )

    /// Wrong archives and the codes they are refused with.
    static let wrong: [(String, [UInt8], String)] = [
        ("nothing", [], "upload.rejected"),
        ("another magic", words("nix-archive-2", "(", "type", "directory", ")"), "upload.rejected"),
        ("a file as the root", words("nix-archive-1") + file("x"), "upload.rejected"),
        ("no entries", archive([]), "code.limits"),
        ("bytes behind the end", lawful + [0], "upload.rejected"),
        ("a second archive behind the end", lawful + lawful, "upload.rejected"),
        ("entries out of order", archive(entry("b", file("")) + entry("a", file(""))), "upload.rejected"),
        ("an entry twice", archive(entry("a", file("")) + entry("a", file(""))), "upload.rejected"),
        ("dot", archive(entry(".", file(""))), "upload.rejected"),
        ("dot dot", archive(entry("..", file(""))), "upload.rejected"),
        ("an empty name", archive(entry("", file(""))), "upload.rejected"),
        ("a slash in a name", archive(entry("a/b", file(""))), "upload.rejected"),
        ("a zero byte in a name", archive(entry("a\0b", file(""))), "upload.rejected"),
        ("a name of 256 bytes", archive(entry(String(repeating: "a", count: 256), file(""))), "code.limits"),
        ("twins", archive(entry("A", file("")) + entry("a", file(""))), "code.name-collision"),
        ("git's directory", archive(entry(".git", directory(entry("x", file(""))))), "code.nested-git"),
        ("an absolute link", archive(entry("l", link("/etc/passwd"))), "code.link"),
        ("an empty link", archive(entry("l", link(""))), "code.link"),
        ("a link out", archive(entry("l", link("../x"))), "code.link"),
        ("an entry below a link", archive(entry("a", link("b")) + entry("a/x", file(""))), "upload.rejected"),
        ("a link over a directory", archive(entry("d", directory([])) + entry("d", link("x"))), "upload.rejected"),
        (
            "an unknown word",
            archive(entry("a", words("(", "type", "regular", "mode", "0777", "contents", "", ")"))), "upload.rejected"
        ),
        (
            "executable with a value",
            archive(entry("a", words("(", "type", "regular", "executable", "y", "contents", "", ")"))),
            "upload.rejected"
        ),
        ("a file with no contents", archive(entry("a", words("(", "type", "regular", ")"))), "upload.rejected"),
        ("a device", archive(entry("a", words("(", "type", "device", ")"))), "upload.rejected"),
        ("a length beyond any file", archive([UInt8](repeating: 0xff, count: 8)), "upload.rejected"),
        (
            "a file that claims 5 GB",
            head + words("entry", "(", "name", "a", "node", "(", "type", "regular", "contents") + NAR.length(5 << 30),
            "code.limits"
        ),
        (
            "padding that is not zero",
            archive(
                entry(
                    "a",
                    words("(", "type", "regular", "contents") + NAR.length(1) + [65, 0, 0, 0, 0, 0, 0, 1]
                        + words(")")
                )
            ), "upload.rejected"
        ),
    ]

    @Test func `accepts a lawful archive and digests its very bytes`() throws {
        #expect(try Self.measure(Self.lawful).narSha256 == SHA256Stream.digest(Self.lawful))
    }

    @Test(arguments: wrong.map { ($0.0, $0.1, $0.2) })
    func `refuses an archive that is not lawful`(_ name: String, _ bytes: [UInt8], _ code: String) {
        #expect(throws: GloveboxError(code, ""), "\(name)") { try Self.measure(bytes) }
    }

    @Test func `refuses every truncation`() {
        for count in 0..<Self.lawful.count {
            #expect(throws: GloveboxError("upload.rejected", "")) { try Self.measure(Array(Self.lawful[..<count])) }
        }
    }

    @Test func `never takes two different archives for one tree`() {
        let expected = SHA256Stream.digest(Self.lawful)
        for place in Self.lawful.indices {
            for bit in [1, 0x20, 0x80] as [UInt8] {
                var bytes = Self.lawful
                bytes[place] ^= bit
                // A changed archive is refused, or it is the canonical form of another tree.
                guard let measured = try? Self.measure(bytes) else { continue }
                #expect(measured.narSha256 == SHA256Stream.digest(bytes))
                #expect(measured.narSha256 != expected)
            }
        }
    }

    @Test func `holds the limits of an upload`() throws {
        let deep = (0..<33).reduce(Self.file("")) { inner, _ in Self.directory(Self.entry("d", inner)) }
        #expect(throws: GloveboxError("code.limits", "")) {
            try Self.measure(Self.words("nix-archive-1") + deep)
        }
        var limits = TreeLimits.upload
        limits.totalBytes = 9
        let two = Self.archive(Self.entry("a", Self.file("12345")) + Self.entry("b", Self.file("12345")))
        #expect(throws: GloveboxError("code.limits", "")) { try Self.measure(two, limits) }
        limits.totalBytes = 10
        #expect(try Self.measure(two, limits).files.count == 2)
        limits.fileBytes = 4
        #expect(throws: GloveboxError("code.limits", "")) { try Self.measure(two, limits) }
        limits = .upload
        limits.entries = 1
        #expect(throws: GloveboxError("code.limits", "")) { try Self.measure(two, limits) }
    }

    @Test func `says which entry is wrong`() {
        let bytes = Self.archive(Self.entry("a", Self.file("")) + Self.entry("a\u{1b}", Self.file("")))
        let error = #expect(throws: GloveboxError.self) { try Self.measure(bytes) }
        #expect(error?.message.hasPrefix("entry 1: ") == true)
        #expect(error?.message.contains("\u{1b}") == false)
    }
}
