import Glibc
import GloveboxCore
import Testing

@testable import GloveboxMeasure

/// Trees that are put together in memory.
struct TreeDraftTests {
    private func path(_ text: String) -> [[UInt8]] {
        text.split(separator: "/", omittingEmptySubsequences: false).map { Array($0.utf8) }
    }

    @Test func `a tree put together in memory is the one that the same files make on disk`() throws {
        let scratch = try Scratch()
        let code = try scratch.directory("code")
        try scratch.shell(
            #"""
            mkdir -p code/b/c code/b.d && printf 1 >code/b/c/x && printf 22 >code/b.d/y && printf 333 >code/b/a && : >code/Z
            """#
        )
        var draft = TreeDraft()
        for (name, text) in [("Z", ""), ("b.d/y", "22"), ("b/c/x", "1"), ("b/a", "333")] {
            #expect(try draft.add(Array(text.utf8), at: path(name)))
        }
        let (archive, measured) = try draft.pack()
        let packed = unsafe open(code + "/../code.nar", O_RDWR | O_CREAT, 0o600)
        defer { close(packed) }
        #expect(try CodeTree.pack(directory: code, to: DescriptorStream(borrowing: packed)) == measured)
        #expect(try scratch.shell("wc -c <code.nar") == "\(archive.count)\n")
        #expect(try CodeTree.measure(archive: ByteArray(archive)) == measured)
    }

    @Test func `a tree put together in memory takes no two files for one place, and passes the rules`() throws {
        var draft = TreeDraft()
        #expect(try draft.add([1], at: path("a/b")))
        for taken in ["a/b", "a", "a/b/c"] { #expect(try !draft.add([2], at: path(taken)), "\(taken)") }
        let deep = [[UInt8]](repeating: [0x61], count: TreeLimits.upload.depth + 1)
        for wrong in [[], deep, [[[UInt8]]](repeating: [[0x61]], count: 100_000).flatMap { $0 }] {
            #expect(throws: GloveboxError("code.limits", "")) { _ = try draft.add([], at: wrong) }
        }
        #expect(throws: GloveboxError("code.limits", ""), "no file") { _ = try TreeDraft().pack() }
        for (name, code) in [
            ("a/..", "upload.rejected"), ("a//b", "upload.rejected"), (".git/x", "code.nested-git"),
            ("x\n", "code.name-control"), ("e\u{301}", "code.name-encoding"),
        ] {
            var draft = TreeDraft()
            #expect(try draft.add([], at: path(name)))
            #expect(throws: GloveboxError(code, ""), "\(name)") { _ = try draft.pack() }
        }
        #expect(try draft.add([], at: path("A")))
        #expect(throws: GloveboxError("code.name-collision", "")) { _ = try draft.pack() }
    }
}
