import Foundation
import GloveboxCore
import GloveboxStore
import GloveboxTransparency
import Testing

/// Once something could not be written, nothing is acknowledged any more.
@Suite struct FailureTests {
    private let site: Site

    init() throws { site = try Site() }

    @Test func `stops for good when the journal cannot be written, and loses nothing`() throws {
        let log = try site.open(segmentBytes: 4096)
        _ = try log.append(Site.events(3))
        // The next segment's name is taken.
        try site.copy("journal/0.wal", to: "journal/3.wal")
        #expect(Site.code { _ = try log.append(Site.events(3)) } == "log.unavailable")
        try site.remove("journal/3.wal")
        #expect(Site.code { _ = try log.append(Site.events(3)) } == "log.unavailable")
        #expect(Site.code { _ = try log.proof(0) } == "log.unavailable")
        log.close()
        #expect(try site.withLog { $0.size } == 3)
    }

    @Test func `stops for good when public files cannot be written, and keeps what was acknowledged`() throws {
        let tile = "\(site.path)/log/tile/0/000.p/1"
        try FileManager.default.createDirectory(atPath: tile, withIntermediateDirectories: true)
        let log = try site.open()
        _ = try log.append(Site.events(1))
        #expect(Site.code { try log.publish() } == "log.unavailable")
        #expect(Site.code { _ = try log.append(Site.events(1)) } == "log.unavailable")
        log.close()
        try site.remove("log/tile/0/000.p/1")
        #expect(try site.withLog { $0.size } == 1)
    }
}
