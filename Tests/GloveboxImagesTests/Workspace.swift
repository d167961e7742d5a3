import Glibc
import GloveboxCore

@testable import GloveboxImages

/// A directory of a test's own.
func withDirectory(_ body: (String) throws -> Void) throws {
    let path = try StoreFiles.makeTemporary(in: "/tmp")
    defer { unsafe rmdir(path) }
    try body(path)
    try Tool.removeTree(path)
}

/// A file with an EROFS head, told apart by its last byte.
func imageBytes(_ mark: UInt8) -> [UInt8] {
    [UInt8](repeating: 0, count: 1024) + [0xe2, 0xe1, 0xf5, 0xe0] + [UInt8](repeating: mark, count: 64)
}
