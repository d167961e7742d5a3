import Glibc
import GloveboxCore
import TestSupport
import Testing

@testable import GloveboxSupervisor

@Suite struct KnownFileTests {
    @Test func `a file that is kept is read again when it was replaced, and not when it is gone`() throws {
        let path = try TestPrograms.scratch() + "/file"
        let known = KnownFiles()
        #expect(throws: GloveboxError("storage.read", "")) { _ = try known.read(path) }
        for round in 0..<50 as Range<UInt8> {
            // As long as the one before.
            try StateFile.write([round, 1, 2], to: path)
            for _ in 0..<2 { #expect(try known.read(path) == [round, 1, 2]) }
        }
        try StateFile.write([1], to: path)
        #expect(try known.read(path) == [1])
        try StateFile.remove(path)
        #expect(throws: GloveboxError("storage.read", "")) { _ = try known.read(path) }
        // No link is followed, as when it is read for the first time.
        try StateFile.write([2], to: path + ".other")
        try #require(unsafe symlink(path + ".other", path) == 0)
        #expect(throws: GloveboxError("storage.read", "")) { _ = try known.read(path) }
    }
}
