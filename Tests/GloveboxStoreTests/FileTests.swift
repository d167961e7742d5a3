import Foundation
import GloveboxCore
import GloveboxStore
import Testing

@Suite struct FileTests {
    private let site: Site

    init() throws { site = try Site(create: false) }

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
