import Foundation
import GloveboxCore
import GloveboxStore
import Testing

@Suite struct FileTests {
    private let site: Site

    init() throws { site = try Site(create: false) }

    @Test func `keeps blobs under their digest and tells a change`() throws {
        let store = try BlobStore("\(site.path)/blobs")
        let bytes = (0..<600_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        let writer = try store.writer()
        try writer.write(Array(bytes[..<100]))
        try writer.write(Array(bytes[100...]))
        let digest = try writer.finish()
        #expect(try store.put(bytes) == digest)
        #expect(try store.get(digest) == bytes)
        #expect(try store.contains(digest))
        #expect(Site.code { _ = try store.get(digest, maxBytes: 10) } == "blob.too-large")
        #expect(Site.code { _ = try store.open(.zero) } == "blob.missing")
        try site.write("blobs/\(digest.hex)", bytes.dropLast() + [0])
        #expect(Site.code { _ = try store.get(digest) } == "blob.changed")
        try store.remove(digest)
        #expect(try !store.contains(digest))
    }

    @Test func `leaves nothing of a blob that was not finished`() throws {
        let store = try BlobStore("\(site.path)/blobs")
        do {
            let writer = try store.writer()
            try writer.write([1, 2, 3])
        }
        #expect(try Directory("\(site.path)/blobs").names().isEmpty)
    }

    @Test func `reads key files of this user alone`() throws {
        let path = "\(site.path)/key"
        #expect(Site.code { _ = try KeyFile.read(path) } == "key.missing")
        try KeyFile.create(path, [1, 2, 3])
        #expect(try KeyFile.read(path) == [1, 2, 3])
        #expect(Site.code { try KeyFile.create(path, [4]) } == "key.exists")
        #expect(Site.code { _ = try KeyFile.read(path, maxBytes: 2) } == "key.format")
        try FileManager.default.setAttributes([.posixPermissions: 0o640], ofItemAtPath: path)
        #expect(Site.code { _ = try KeyFile.read(path) } == "key.permissions")
        try FileManager.default.createSymbolicLink(atPath: path + "2", withDestinationPath: path)
        #expect(Site.code { _ = try KeyFile.read(path + "2") } == "store.io")
    }
}
