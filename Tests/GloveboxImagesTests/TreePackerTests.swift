import Glibc
import GloveboxCore
import Testing

@testable import GloveboxImages

/// Whether a program the test needs is there; a test that cannot run is skipped, never passed.
func hasTool(_ name: String) -> Bool { (try? Tool(name)) != nil }

@Suite(.enabled(if: hasTool("mkfs.erofs") && hasTool("fsck.erofs"), "erofs-utils are not installed"))
struct TreePackerTests {
    /// The same tree, its files made in the order given.
    private func makeTree(_ path: String, _ order: [Int]) throws {
        try StoreFiles.makeDirectory("\(path)/etc")
        for number in order { try StoreFiles.replace("\(path)/etc/file-\(number)", Array("\(number)\n".utf8)) }
        try StoreFiles.makeDirectory("\(path)/usr/bin")
        unsafe #expect(symlink("usr/bin", "\(path)/bin") == 0)
    }

    @Test func `packs one tree to the same bytes whatever the order and time its files were made`() throws {
        try withDirectory { directory in
            let store = try ImageStore(directory: "\(directory)/store")
            try makeTree("\(directory)/a", Array(0..<200))
            sleep(1)
            try makeTree("\(directory)/b", Array((0..<200).reversed()))
            let first = try ImageBuilder.add("\(directory)/a", store: store, name: "a")
            let second = try ImageBuilder.add("\(directory)/b", store: store, name: "b")
            #expect(first.digest == second.digest)
        }
    }

    @Test func `takes in a tar archive like the directory it was made of`() throws {
        try withDirectory { directory in
            let store = try ImageStore(directory: "\(directory)/store")
            try makeTree("\(directory)/a", Array(0..<20))
            try Tool("tar").run(["-czf", "\(directory)/a.tar.gz", "-C", "\(directory)/a", "."])
            let tree = try ImageBuilder.add("\(directory)/a", store: store, name: "a")
            let archive = try ImageBuilder.add("\(directory)/a.tar.gz", store: store, name: "b")
            #expect(tree.digest == archive.digest)
        }
    }

    @Test func `unpacks an image once, whole`() throws {
        try withDirectory { directory in
            let store = try ImageStore(directory: "\(directory)/store")
            try makeTree("\(directory)/a", Array(0..<20))
            let image = try ImageBuilder.add("\(directory)/a", store: store, name: "a")
            let tree = try store.unpacked(image, from: image.path)
            #expect(try StoreFiles.read("\(tree)/etc/file-7", limit: 10) == Array("7\n".utf8))
            #expect(try store.unpacked(image, from: image.path) == tree)
            #expect(try StoreFiles.names(in: "\(directory)/store/unpacked") == [image.digest.hex])
        }
    }

    @Test func `tells how a program failed in its own words`() throws {
        let error = #expect(throws: GloveboxError.self) { try Tool("ls").run(["--no-such-option"]) }
        #expect(error?.code == "image.tool" && error?.hint?.contains("no-such-option") == true)
        #expect(throws: GloveboxError("image.tool-missing", "")) { try Tool("no-such-program") }
    }
}
