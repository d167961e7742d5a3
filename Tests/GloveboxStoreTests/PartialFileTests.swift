import Foundation
import GloveboxCore
import GloveboxStore
import GloveboxTransparency
import Testing

/// A log that grows one entry at a time leaves no more files than one that grows at once.
@Suite struct PartialFileTests {
    private let site: Site

    init() throws { site = try Site() }

    private func files() throws -> Set<String> {
        let top = "\(site.path)/log/tile"
        return Set(
            try FileManager.default.subpathsOfDirectory(atPath: top).filter { name in
                let attributes = try FileManager.default.attributesOfItem(atPath: "\(top)/\(name)")
                return attributes[.type] as? FileAttributeType == .typeRegular
            }
        )
    }

    /// Publishes at each of these sizes.
    private func grow(through sizes: [UInt64]) throws {
        try site.withLog { log throws in
            for size in sizes {
                while log.size < size { _ = try log.append(Site.events(min(256, Int(size - log.size)))) }
                try log.publish()
            }
        }
    }

    @Test func `partial files go once the full one is there, and not before`() throws {
        try grow(through: [1, 2, 254, 255])
        #expect(try files().isSuperset(of: ["0/000.p/254", "0/000.p/255", "entries/000.p/1", "entries/000.p/255"]))
        try grow(through: [256, 257, 300])
        let left = try files()
        #expect(left.isSuperset(of: ["0/000", "entries/000", "0/001.p/1", "0/001.p/44", "entries/001.p/44"]))
        #expect(!left.contains { $0.hasPrefix("0/000.p") || $0.hasPrefix("entries/000.p") }, "\(left.sorted())")
        #expect(!site.exists("log/tile/0/000.p"), "nor is the empty directory left")
        #expect(site.refusal() == nil)
    }

    @Test func `what a crash or an earlier version left of them goes at the next start`() throws {
        try grow(through: [3])
        let (hashes, bundle) = (try site.read("log/tile/0/000.p/3"), try site.read("log/tile/entries/000.p/3"))
        try grow(through: [260])
        for (name, bytes) in [("0/000.p/3", hashes), ("entries/000.p/3", bundle), ("entries/000.p/.new-1", [7])] {
            let path = "\(site.path)/log/tile/\(name)"
            try FileManager.default.createDirectory(
                atPath: String(path[..<(path.lastIndex(of: "/") ?? path.endIndex)]),
                withIntermediateDirectories: true
            )
            try Data(bytes).write(to: URL(fileURLWithPath: path))
        }
        #expect(site.refusal() == nil)
        #expect(!site.exists("log/tile/0/000.p") && !site.exists("log/tile/entries/000.p"))
    }

    @Test func `a partial file that its full one contradicts is kept, and the log does not go on`() throws {
        // The last one is compared at the start.
        try grow(through: [2, 3])
        var hashes = try site.read("log/tile/0/000.p/2")
        hashes[40] ^= 1
        try site.write("log/tile/0/000.p/2", hashes)
        let log = try site.open()
        _ = try log.append(Site.events(253))
        #expect(Site.code { try log.publish() } == "log.unavailable")
        log.close()
        #expect(try site.read("log/tile/0/000.p/2") == hashes)
        #expect(site.refusal() == "log.partial-mismatch")
        #expect(site.exists("log/tile/0/000"))
    }
}
