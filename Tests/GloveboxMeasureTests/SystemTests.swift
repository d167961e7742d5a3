import Glibc
import Testing

@testable import GloveboxMeasure

/// Entries are opened below the directory that was opened, whatever a name says.
@Suite struct SystemTests {
    @Test func `an entry behind a link, or outside its directory, is not opened`() throws {
        let scratch = try Scratch()
        let root = scratch.path
        for name in ["inside", "other"] { try #require(unsafe mkdir(root + "/" + name, 0o755) == 0) }
        try #require(unsafe symlink("../other", root + "/inside/link") == 0)
        let made = unsafe Glibc.open(root + "/other/file", O_WRONLY | O_CREAT, 0o600)
        try #require(made >= 0 && close(made) == 0)
        let inside = try System.openDirectory(path: root + "/inside")
        defer { withExtendedLifetime(inside) {} }
        for (name, code) in [("link/file", ELOOP), ("../other/file", EXDEV), (root + "/other/file", EXDEV)] {
            #expect(System.open(Array(name.utf8), in: inside.number, O_RDONLY) == nil, "\(name)")
            #expect(errno == code, "\(name): \(errno)")
        }
        let other = try System.openDirectory(path: root + "/other")
        #expect(System.open(Array("file".utf8), in: other.number, O_RDONLY) != nil)
    }
}
