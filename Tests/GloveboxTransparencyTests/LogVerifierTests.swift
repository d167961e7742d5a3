import GloveboxCore
import GloveboxTransparency
import Testing

@Suite struct LogVerifierTests {
    @Test(arguments: [0, 1, 2, 255, 256, 257, 511, 512, 513, 1000])
    func `verifies a log of any size, entry by entry`(count: Int) async throws {
        let reports: Set<Int> = count > 600 ? [3, 255, 511] : count > 256 ? [255] : []
        let verdict = try await SampleLog(SampleLog.entries(count, reports: reports)).verdict()
        #expect(verdict.isVerified, "\(verdict.story)")
        #expect(verdict.story.last == "VERIFIED")
        #expect(verdict.opened?.checkpoint.size == UInt64(count))
    }

    @Test(arguments: [65_535, 65_536, 65_537, 65_793])
    func `verifies the tiles of all levels`(count: Int) async throws {
        let log = try SampleLog((0..<count).map { [UInt8($0 & 255), UInt8($0 >> 8 & 255)] })
        let verdict = try await log.verdict(leaves: false)
        #expect(verdict.isVerified, "\(verdict.story)")
        #expect(verdict.skipped[.leaves] != nil)
    }

    /// One way to change a log of 65,793 entries: level 0 and 1 are full and partial, level 2 is partial.
    struct Change: Sendable, CustomTestStringConvertible {
        let name: String
        let check: LogVerdict.Check
        let code: String
        let make: @Sendable (inout SampleLog) throws -> Void

        var testDescription: String { name }
    }

    static let changes: [Change] = [
        Change(name: "a bundle is gone", check: .bundles, code: "log.bundle-missing") {
            $0.files["tile/entries/003"] = nil
        },
        Change(name: "the partial bundle is gone", check: .bundles, code: "log.bundle-missing") {
            $0.files["tile/entries/257.p/1"] = nil
        },
        Change(name: "a byte more in a bundle", check: .bundles, code: "log.bundle-format") {
            $0.files["tile/entries/003"]?.append(0)
        },
        Change(name: "a 257th entry in a bundle", check: .bundles, code: "log.bundle-format") {
            $0.files["tile/entries/003"]? += [0, 1, 7]
        },
        Change(name: "a cut bundle", check: .bundles, code: "log.bundle-format") {
            $0.files["tile/entries/003"]?.removeLast()
        },
        Change(name: "a changed entry", check: .bundles, code: "log.entry-mismatch") {
            $0.files["tile/entries/003"]?[2] ^= 1
        },
        Change(name: "a changed last entry", check: .bundles, code: "log.entry-mismatch") {
            $0.files["tile/entries/257.p/1"]?[2] ^= 1
        },
        Change(name: "a bundle of zeros", check: .bundles, code: "log.entry-mismatch") {
            $0.files["tile/entries/003"] = [UInt8](repeating: 0, count: 512)
        },
        Change(name: "a tile is gone", check: .tiles, code: "log.tile-missing") { $0.files["tile/0/003"] = nil },
        Change(name: "the tile above is gone", check: .tiles, code: "log.tile-missing") {
            $0.files["tile/1/000"] = nil
        },
        Change(name: "the partial tile at the top is gone", check: .tiles, code: "log.tile-missing") {
            $0.files["tile/2/000.p/1"] = nil
        },
        Change(name: "a byte more in a tile", check: .tiles, code: "log.tile-length") {
            $0.files["tile/0/003"]?.append(0)
        },
        Change(name: "a hash more in the partial tile", check: .tiles, code: "log.tile-length") {
            $0.files["tile/0/257.p/1"]? += [UInt8](repeating: 0, count: 32)
        },
        Change(name: "a cut tile", check: .tiles, code: "log.tile-length") { $0.files["tile/1/000"]?.removeLast(32) },
        Change(name: "a changed hash in a tile", check: .tiles, code: "log.tile-hash") {
            $0.files["tile/0/003"]?[33] ^= 1
        },
        Change(name: "a changed hash one level up", check: .tiles, code: "log.tile-hash") {
            $0.files["tile/1/000"]?[33] ^= 1
        },
        Change(name: "a changed hash in the partial tile", check: .tiles, code: "log.tile-hash") {
            $0.files["tile/1/001.p/1"]?[0] ^= 1
        },
        Change(name: "a changed hash at the top", check: .tiles, code: "log.tile-hash") {
            $0.files["tile/2/000.p/1"]?[0] ^= 1
        },
        Change(name: "a signed checkpoint with another root", check: .rootFromEntries, code: "log.root-mismatch") {
            try $0.sign(size: 65_793, root: .zero)
        },
        Change(name: "an unsigned checkpoint", check: .checkpoint, code: "log.checkpoint-signature") {
            $0.files["checkpoint"] = Array(
                "log.datasite.example\n0\n\(Base64.encode(MerkleHash.emptyRoot.bytes))\n\n— a AAAAAAA=\n".utf8
            )
        },
        Change(name: "a file that is no tile", check: .strays, code: "log.path") { $0.files["tile/0/3"] = [] },
        Change(name: "a partial tile that its full one contradicts", check: .strays, code: "log.partial-mismatch") {
            $0.files["tile/0/003.p/2"] = [UInt8](repeating: 0, count: 64)
        },
        Change(name: "a partial bundle that its full one contradicts", check: .strays, code: "log.partial-mismatch") {
            $0.files["tile/entries/003.p/1"] = [0, 1, 9]
        },
        Change(name: "a partial tile of another length", check: .strays, code: "log.tile-length") {
            $0.files["tile/0/003.p/2"] = [1]
        },
    ]

    @Test func `finds every change where it was made, and says which file`() async throws {
        let honest = try SampleLog((0..<65_793).map { [UInt8($0 & 255), UInt8($0 >> 8 & 255)] })
        for change in Self.changes {
            var log = honest
            try change.make(&log)
            let verdict = try await log.verdict(leaves: false)
            let first = verdict.found(change.check).first
            #expect(!verdict.isVerified && first?.code == change.code, "\(change.name): \(verdict.story)")
            #expect(verdict.reason == change.code, "\(change.name)")
            #expect(verdict.found(change.check).count == 1, "\(change.name): \(verdict.story)")
        }
    }

    @Test func `tells a wrong tile from a wrong bundle when a log has both`() async throws {
        var log = try SampleLog((0..<2000).map { [UInt8($0 & 255)] })
        log.files["tile/0/002"]?[70] ^= 1
        log.files["tile/entries/004"]?[5] ^= 1
        let verdict = try await log.verdict(leaves: false)
        let (tiles, bundles) = (verdict.found(.tiles), verdict.found(.bundles))
        #expect(tiles.map(\.message) == ["tile/0/002: hash 2 is not that of its entry"])
        #expect(bundles.map(\.message) == ["tile/entries/004: entry 1025 is not the one that its tile stands for"])
    }

    @Test func `takes a full file for a partial one, and files beyond the checkpoint`() async throws {
        let entries = try SampleLog.entries(300)
        var log = try SampleLog(entries)
        let old = try SampleLog(Array(entries[..<100]))
        log.files["checkpoint"] = old.files["checkpoint"]
        let verdict = try await log.verdict()
        #expect(verdict.isVerified, "\(verdict.story)")
        #expect(verdict.remarks == ["5 files lie beyond the checkpoint"])
        log = try SampleLog(entries)
        log.files.merge(old.files) { new, _ in new }
        #expect(try await log.verdict().isVerified)
    }

    @Test func `does not claim to have looked for stray files where it cannot list`() async throws {
        var log = try SampleLog(SampleLog.entries(3))
        log.canList = false
        log.files["tile/x"] = []
        let verdict = try await log.verdict()
        #expect(verdict.isVerified && verdict.skipped[.strays] != nil)
        #expect(verdict.json["checks"]?.array?.last?["status"]?.string == "skipped")
    }

    @Test func `keeps a bounded number of findings`() async throws {
        var log = try SampleLog((0..<2000).map { [UInt8($0 & 255)] })
        for (path, bytes) in log.files where path.hasPrefix("tile/entries/") {
            log.files[path] = bytes.map { $0 == 77 ? 78 : $0 }
        }
        let tree = try await log.verdict(leaves: false)
        #expect(tree.found(.bundles).count == 8)
        let verdict = try await log.verdict()
        #expect(verdict.found(.leaves).count == 100)
        #expect(verdict.remarks == ["1000 more findings are not told"])
    }
}
