import Foundation
import Glibc
import GloveboxCore
import Testing

@testable import GloveboxMeasure

/// Trees that somebody changes while they are copied.
struct RaceTests {
    /// Swaps files, links and directories for one another as fast as it can, until a file called `stop` appears.
    static let swapper = #"""
        cat >"$1/swap.py" <<'END'
        import os, sys

        os.chdir(sys.argv[1])
        turn = 0
        while not os.path.exists("stop"):
            turn += 1
            kind = turn % 4
            if kind == 0:
                os.symlink("../outside", "new")
            elif kind == 1:
                os.mkdir("new")
                open("new/inner", "w").write(str(turn))
            else:
                open("new", "w").write("x" * (turn % 50000))
            if os.path.isdir("code/a") and not os.path.islink("code/a") or kind == 1:
                os.rename("code/a", "old") if os.path.lexists("code/a") else None
            os.rename("new", "code/a")
            os.system("rm -rf old") if os.path.lexists("old") else None
            open("code/b", "r+b").write(bytes([turn % 256]) * 4096)
        END
        printf secret >"$1/outside"
        python3 "$1/swap.py" "$1"
        """#

    @Test func `digests exactly the bytes it copied while the source is swapped under it`() async throws {
        let scratch = try Scratch()
        try scratch.shell("mkdir code && printf x >code/a && head -c 200000 /dev/zero >code/b")
        let path = scratch.path
        let swapping = Task.detached { try Scratch.run(Self.swapper, path) }
        let source = try scratch.open(directory: "code")
        defer { close(source) }
        var copied = 0
        for round in 0..<400 {
            let target = try scratch.open(directory: "copy\(round)")
            defer { close(target) }
            // A source that changes may be refused; what is not refused is measured as it was copied.
            guard let measured = try? CodeTree.copy(from: source, into: target) else { continue }
            copied += 1
            #expect(try CodeTree.measure(descriptor: target) == measured)
            #expect(!measured.files.contains { $0.sha256 == SHA256Stream.digest(Array("secret".utf8)) })
        }
        try scratch.shell("touch stop")
        _ = try await swapping.value
        #expect(copied > 0)
    }

    @Test func `a file that another replaced is a tree that changed, and one with two names is refused`() throws {
        let scratch = try Scratch()
        try scratch.shell("printf x >file && printf y >other")
        let path = scratch.path + "/file"
        let file = unsafe open(path, O_RDONLY)
        defer { close(file) }
        try DirectoryWalker.checkLinks(System.status(file), at: .root)
        try scratch.shell("ln file second")
        #expect(throws: GloveboxError("code.link", "")) {
            try DirectoryWalker.checkLinks(System.status(file), at: .root)
        }
        try scratch.shell("rm second && mv other file")
        #expect(throws: GloveboxError("code.mismatch", "")) {
            try DirectoryWalker.checkLinks(System.status(file), at: .root)
        }
    }
}
