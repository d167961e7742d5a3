import Glibc
import GloveboxCore
import Testing

@testable import GloveboxMeasure

/// The tree of attestation section 5 and its three digests.
struct KnownAnswerTests {
    static let nar = "60e7c48e70d35ed4133f0061ff92bec811aa7101813474acf254aa7ac3ddfd2f"
    static let gitTree = "27cf221106519f5f6f620cf322ab0fd5d7bcc716b2fd7b8d7a5e110bb16ecb4d"
    static let dirHash = "b779d5860e16ba79dc2f3e79a88e375f64c34e7baeb37c2dec048121da543c78"

    let scratch: Scratch
    let code: String

    init() throws {
        scratch = try Scratch()
        code = try scratch.directory("code")
        try scratch.shell(
            #"""
            cd code && mkdir bin empty && printf 'hello\n' >a.txt && printf '#!/bin/sh\n' >bin/run
            chmod 755 bin/run && ln -s a.txt link
            """#
        )
    }

    @Test func `measures the published tree to the published digests`() throws {
        let measured = try CodeTree.measure(directory: code)
        #expect(measured.narSha256.hex == Self.nar)
        #expect(measured.sri == "sha256-YOfEjnDTXtQTPwBh/5K+yBGqcQGBNHSs8lSqesPd/S8=")
        #expect(measured.gitTreeSha256.hex == Self.gitTree)
        #expect(measured.dirHash.hex == Self.dirHash)
        #expect(measured.files.map(\.path) == ["a.txt", "bin/run"])
        #expect(measured.files.map(\.mode) == ["0644", "0755"])
        #expect(measured.files.map(\.size) == [6, 10])
        #expect(measured.digestsLine == "\(Self.gitTree) \(Self.dirHash) \(Self.nar)\n")
    }

    @Test func `gives the same digests for the packed, the unpacked and the copied tree`() throws {
        let archive = code + "/../code.nar"
        let packed = unsafe open(archive, O_RDWR | O_CREAT, 0o600)
        defer { close(packed) }
        let expected = try CodeTree.measure(directory: code)
        #expect(try CodeTree.pack(directory: code, to: DescriptorStream(borrowing: packed)) == expected)
        #expect(try scratch.shell("sha256sum <code.nar | cut -d' ' -f1") == Self.nar + "\n")

        lseek(packed, 0, SEEK_SET)
        #expect(try CodeTree.measure(archive: DescriptorStream(borrowing: packed)) == expected)

        lseek(packed, 0, SEEK_SET)
        let target = try scratch.open(directory: "out/code")
        defer { close(target) }
        #expect(try NARUnpacker.unpack(from: DescriptorStream(borrowing: packed), into: target) == expected)
        #expect(try CodeTree.measure(descriptor: target) == expected)
        try scratch.shell("diff -r --no-dereference code out/code")

        let copy = try scratch.open(directory: "copy")
        defer { close(copy) }
        #expect(try CodeTree.copy(from: target, into: copy) == expected)
        #expect(try CodeTree.measure(descriptor: copy) == expected)
    }

    @Test func `takes the digests of large files side by side as it does one after the other`() throws {
        // Sizes around the piece from which on a thread of its own is used.
        let sizes = [0, 1, TreeDigester.laneBytes - 1, TreeDigester.laneBytes, TreeDigester.laneBytes + 1, 5_000_017]
        for (index, size) in sizes.enumerated() {
            try scratch.shell("head -c \(size) /dev/urandom >code/large\(index)")
        }
        let archive = unsafe open(code + "/../large.nar", O_RDWR | O_CREAT, 0o600)
        defer { close(archive) }
        let measured = try CodeTree.measure(directory: code)
        #expect(try CodeTree.pack(directory: code, to: DescriptorStream(borrowing: archive)) == measured)
        lseek(archive, 0, SEEK_SET)
        #expect(try CodeTree.measure(archive: DescriptorStream(borrowing: archive)) == measured)
        #expect(try CodeTree.archiveDigest(directory: code) == measured.narSha256)
        let sums = try Scratch.run(Recipes.dirHash, [code + "/.."]).split(separator: "\n").map(String.init)
        #expect(sums == [measured.dirHash.hex])
    }

    @Test func `unpacks with exactly the asked modes whatever the umask`() throws {
        var archive = ByteArray()
        var writer = NARWriter(archive)
        try writer.beginDirectory(.root)
        let inner = TreePath.root.appending(Array("d".utf8))
        try writer.beginDirectory(inner)
        try writer.beginFile(inner.appending(Array("f".utf8)), executable: true, size: 0)
        try writer.endFile()
        try writer.endDirectory(inner)
        try writer.endDirectory(.root)
        archive = writer.output

        let target = try scratch.open(directory: "modes")
        defer { close(target) }
        let options = UnpackOptions(
            owner: .init(user: getuid(), group: getgid()),
            programMode: 0o555,
            directoryMode: 0o511
        )
        _ = try NARUnpacker.unpack(from: archive, into: target, options: options)
        #expect(try scratch.shell("stat -c %a modes/d modes/d/f") == "511\n555\n")
    }

    @Test func `reads one file out of an archive and no other`() throws {
        let packed = unsafe open(code + "/../code.nar", O_RDWR | O_CREAT, 0o600)
        defer { close(packed) }
        _ = try CodeTree.pack(directory: code, to: DescriptorStream(borrowing: packed))
        lseek(packed, 0, SEEK_SET)
        let script = try CodeTree.file("bin/run", archive: DescriptorStream(borrowing: packed))
        #expect(script == Array("#!/bin/sh\n".utf8))
        for path in ["run", "bin", "link", "bin/run/", "./a.txt"] {
            lseek(packed, 0, SEEK_SET)
            #expect(throws: GloveboxError("object.not-found", ""), "\(path)") {
                try CodeTree.file(path, archive: DescriptorStream(borrowing: packed))
            }
        }
    }

    @Test func `writes the plan's form of the measurement with decimal strings`() throws {
        let json = try CodeTree.measure(directory: code).json
        #expect(json["digest"]?["narSha256"]?.string == Self.nar)
        let text = String(decoding: CanonicalJSON.encode(json["files"]?.array?[1] ?? .null), as: UTF8.self)
        #expect(text.hasPrefix(#"{"mode":"0755","path":"bin/run","sha256":""#))
        #expect(text.hasSuffix(#"","size":"10"}"#))
    }
}
