import Glibc
import GloveboxCore
import TestSupport
import Testing

/// Programs that know nothing of Glovebox verify the logs it writes: Go's golang.org/x/mod and PyPI's pymerkle.
@Suite(.enabled(if: ThirdPartyTools.arePrepared, "GLOVEBOX_THIRD_PARTY is not set; Deploy/test sets it"))
struct ThirdPartyLogTests {
    /// The sizes that bring out borders of tiles and levels; a million only where there is time.
    static let sizes: [UInt64] =
        [0, 1, 255, 256, 257, 65_535, 65_537] + (TestPrograms.variable("GLOVEBOX_LONG") == nil ? [] : [1_000_000])

    @Test func `x mod and pymerkle verify logs of any size, over files and over HTTP`() throws {
        let disk = try LogOnDisk()
        let server = try WebServer(disk.log)
        defer { server.stop() }
        for size in Self.sizes {
            try disk.grow(to: size)
            let note = String(decoding: try LogOnDisk.read(disk.log + "/checkpoint"), as: UTF8.self)
            let root = try #require(note.split(separator: "\n").dropFirst(2).first)
            for place in [disk.log, server.url] {
                let go = try ThirdPartyTools.tlog(place, disk.vkey)
                #expect(go.status == 0 && go.output.hasPrefix("GOOD \(size) \(root), "), "\(place): \(go.output)")
                let python = try ThirdPartyTools.pymerkle(place)
                #expect(python.status == 0 && python.output.hasPrefix("GOOD \(size) \(root), "), "\(python.output)")
                // A debug build takes long over what entries say; that is tried elsewhere.
                let depth = size > 1000 ? ["--tree-only"] : []
                let own = try TestPrograms.run(
                    "glovebox",
                    ["audit", "verify", "--log", place, "--key", disk.vkey] + depth
                )
                #expect(own.status == 0 && own.output.contains("\(size) entries"), "\(own.output)")
            }
        }
    }

    @Test func `they refuse what was changed, so their word counts`() throws {
        let disk = try LogOnDisk()
        try disk.grow(to: 600)
        for (file, byte) in [("tile/entries/001", 30), ("tile/0/001", 0), ("checkpoint", 21)] {
            let copy = try disk.copy()
            var bytes = try LogOnDisk.read("\(copy)/\(file)")
            bytes[byte] ^= 1
            try LogOnDisk.write(bytes, "\(copy)/\(file)")
            let go = try ThirdPartyTools.tlog(copy, disk.vkey)
            #expect(go.status == 1 && go.output.hasPrefix("BAD"), "\(file): \(go.output)")
            guard file != "tile/0/001" else { continue }  // pymerkle reads no tiles
            #expect(try ThirdPartyTools.pymerkle(copy).status == 1, "\(file)")
        }
    }
}
