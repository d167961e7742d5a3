import Foundation
import GloveboxCore
import GloveboxStore
import GloveboxTransparency
import Testing

/// The table of the transparency-log specification, section 10.2.
///
/// J is the journal's size, S the sign-lock's, C the public checkpoint's.
@Suite struct RecoveryTests {
    private let site: Site

    init() throws { site = try Site() }

    /// Appends batches, keeping the sign-lock and the public files as they were before the last one.
    private func leaveLastUnsigned() throws {
        try site.withLog { log throws in
            for _ in 0..<4 { _ = try log.append(Site.events(2)) }
        }
        try site.copy("sign-lock", to: "sign-lock.old")
        try site.copy("log", to: "log.old")
        try site.withLog { log throws in _ = try log.append(Site.events(3)) }
        try site.copy("sign-lock.old", to: "sign-lock")
        try site.copy("log.old", to: "log")
    }

    @Test func `signs and publishes a whole record that was never signed`() throws {
        try leaveLastUnsigned()
        try site.withLog { log throws in
            #expect(log.size == 11)
            #expect(try Checkpoint.open(note: log.checkpoint, key: log.key).size == 11)
        }
        #expect(try Checkpoint.open(note: site.read("log/checkpoint"), key: site.signer.key).size == 11)
    }

    @Test func `drops a torn record that was never signed, wherever it is torn`() throws {
        try leaveLastUnsigned()
        let whole = try site.read("journal/0.wal")
        let end = try #require(whole.lastIndex { $0 != 0 }) + 1
        let start = try #require(Self.records(whole).last)
        for cut in Swift.stride(from: start + 1, to: end - 1, by: 97) {
            var torn = whole
            for index in cut..<end { torn[index] = 0 }
            try site.write("journal/0.wal", torn)
            try site.withLog { log throws in
                #expect(log.size == 8)
                #expect(try log.append(Site.events(1)) == [8])
            }
            #expect(try site.withLog { $0.size } == 9)
            try site.copy("sign-lock.old", to: "sign-lock")
            try site.copy("log.old", to: "log")
        }
    }

    @Test func `drops a garbled record that was never signed`() throws {
        try leaveLastUnsigned()
        let whole = try site.read("journal/0.wal")
        let end = try #require(whole.lastIndex { $0 != 0 }) + 1
        for place in Swift.stride(from: try #require(Self.records(whole).last), to: end, by: 131) {
            var garbled = whole
            garbled[place] ^= 0x20
            try site.write("journal/0.wal", garbled)
            #expect(try site.withLog { $0.size } == 8)
            try site.copy("sign-lock.old", to: "sign-lock")
            try site.copy("log.old", to: "log")
        }
    }

    @Test func `refuses a journal damaged at or below what was signed`() throws {
        try site.withLog { log throws in
            for _ in 0..<4 { _ = try log.append(Site.events(2)) }
        }
        let whole = try site.read("journal/0.wal")
        let end = try #require(whole.lastIndex { $0 != 0 }) + 1
        for place in Swift.stride(from: 0, to: end, by: 211) {
            var garbled = whole
            garbled[place] ^= 0x01
            try site.write("journal/0.wal", garbled)
            #expect(site.refusal() == "log.journal-corrupt", "byte \(place)")
            #expect(try site.read("journal/0.wal") == garbled, "a refused journal is left alone")
        }
        try site.write("journal/0.wal", whole)
        #expect(site.refusal() == nil)
    }

    @Test func `refuses a truncated journal at every length`() throws {
        try site.withLog { log throws in
            for _ in 0..<4 { _ = try log.append(Site.events(2)) }
        }
        let whole = try site.read("journal/0.wal")
        let end = try #require(whole.lastIndex { $0 != 0 }) + 1
        let edges = Set(Self.records(whole))
        for length in Set(Array(Swift.stride(from: 0, to: end, by: 173)) + edges) {
            try site.write("journal/0.wal", Array(whole[..<length]))
            #expect(site.refusal() == (edges.contains(length) ? "log.rollback" : "log.journal-corrupt"), "\(length)")
        }
    }

    @Test func `refuses a missing segment, and one out of place`() throws {
        try site.withLog(segmentBytes: 4096) { log throws in
            for _ in 0..<6 { _ = try log.append(Site.events(3)) }
        }
        #expect(site.exists("journal/3.wal"))
        try site.copy("journal", to: "journal.old")
        try site.remove("journal/3.wal")
        #expect(site.refusal() == "log.journal-corrupt")
        try site.copy("journal.old", to: "journal")
        try site.remove("journal/15.wal")
        #expect(site.refusal() == "log.rollback")
        try site.copy("journal.old", to: "journal")
        try site.copy("journal/0.wal", to: "journal/18.wal")
        #expect(site.refusal() == "log.journal-corrupt")
        try site.remove("journal/18.wal")
        try site.copy("journal/0.wal", to: "journal/x.wal")
        #expect(site.refusal() == "log.journal-corrupt")
    }

    @Test func `goes on after a crash that left an empty segment`() throws {
        try site.withLog(segmentBytes: 4096) { log throws in _ = try log.append(Site.events(3)) }
        try site.copy("journal/0.wal", to: "journal/3.wal")
        for length in [0, 100] {
            try site.write("journal/3.wal", Array(repeating: 0, count: length))
            try site.withLog(segmentBytes: 4096) { log throws in #expect(log.size == 3) }
        }
        try site.withLog(segmentBytes: 4096) { log throws in #expect(try log.append(Site.events(3)) == [3, 4, 5]) }
        #expect(try site.withLog { $0.size } == 6)
    }

    @Test func `refuses a restored journal: rollback`() throws {
        try site.withLog { log throws in _ = try log.append(Site.events(2)) }
        try site.copy("journal", to: "journal.old")
        try site.withLog { log throws in _ = try log.append(Site.events(2)) }
        try site.copy("journal.old", to: "journal")
        #expect(site.refusal() == "log.rollback")
    }

    @Test func `refuses a journal of another history: fork`() throws {
        try site.withLog { log throws in _ = try log.append(Site.events(2)) }
        let twin = try Site()
        try twin.withLog { log throws in _ = try log.append(Site.events(2)) }
        try site.write("journal/0.wal", twin.read("journal/0.wal"))
        #expect(site.refusal() == "log.fork")
    }

    @Test func `refuses a restored sign-lock when more was published`() throws {
        try site.withLog { log throws in _ = try log.append(Site.events(2)) }
        try site.copy("sign-lock", to: "sign-lock.old")
        try site.withLog { log throws in _ = try log.append(Site.events(2)) }
        try site.copy("sign-lock.old", to: "sign-lock")
        #expect(site.refusal() == "log.rollback")
    }

    @Test func `survives a torn sign-lock slot, but not two`() throws {
        try site.withLog { log throws in
            for _ in 0..<2 { _ = try log.append(Site.events(2)) }
        }
        var slots = try site.read("sign-lock/slots")
        // Two appends: sequence 2 stands in slot 0. Without it the lock falls back to 1, which is below what was published.
        slots[20] ^= 1
        try site.write("sign-lock/slots", slots)
        #expect(site.refusal() == "log.rollback")
        slots[4096 + 20] ^= 1
        try site.write("sign-lock/slots", slots)
        #expect(site.refusal() == "log.sign-lock")
    }

    @Test func `writes missing tiles again, and refuses changed ones`() throws {
        try site.withLog { log throws in
            for _ in 0..<3 { _ = try log.append(Site.events(100)) }
        }
        for name in ["log/tile/0/000", "log/tile/entries/000", "log/tile/entries/001.p/44", "log/tile/1/000.p/1"] {
            let bytes = try site.read(name)
            try site.remove(name)
            #expect(site.refusal() == nil)
            #expect(try site.read(name) == bytes)
        }
        // The upper tile is made from the lower one.
        let tiles = ["log/tile/0/000", "log/tile/1/000.p/1"]
        let bytes = try tiles.map(site.read)
        for name in tiles { try site.remove(name) }
        #expect(site.refusal() == nil)
        #expect(try tiles.map(site.read) == bytes)
        for (name, code) in [
            ("log/tile/0/001.p/44", "log.tile-hash"), ("log/tile/entries/001.p/44", "log.entry-mismatch"),
        ] {
            var bytes = try site.read(name)
            bytes[3] ^= 1
            try site.write(name, bytes)
            #expect(site.refusal() == code)
            bytes[3] ^= 1
            try site.write(name, bytes)
        }
        try site.write("log/tile/0/000", site.read("log/tile/0/000") + [0])
        #expect(site.refusal() == "log.tile-length")
    }

    @Test func `writes many missing files at once, byte for byte`() throws {
        try site.withLog(segmentBytes: 4 << 20) { log throws in
            for _ in 0..<34 { _ = try log.append(Site.events(256)) }
        }
        let folder = site.path + "/log/tile"
        let names = try FileManager.default.subpathsOfDirectory(atPath: folder).map { "log/tile/" + $0 }
        // Of the upper tile there may be earlier parts, which nobody needs.
        let files = names.filter { (try? site.read($0)) != nil && (!$0.contains(".p/") || $0.hasSuffix("/34")) }
        #expect(files.count == 2 * 34 + 1)
        let bytes = try files.map(site.read)
        for name in files { try site.remove(name) }
        #expect(site.refusal() == nil)
        #expect(try files.map(site.read) == bytes)
    }

    @Test func `names both sizes when the disk is behind what was signed or published`() throws {
        try site.withLog { log throws in _ = try log.append(Site.events(2)) }
        for part in ["journal", "sign-lock"] { try site.copy(part, to: part + ".old") }
        try site.withLog { log throws in _ = try log.append(Site.events(3)) }
        for part in ["journal", "sign-lock"] {
            try site.copy(part, to: part + ".new")
            try site.copy(part + ".old", to: part)
            do {
                try site.open().close()
                Issue.record("an older \(part) was taken")
            } catch let error as GloveboxError {
                #expect(error.code == "log.rollback")
                #expect(error.message.contains("2") && error.message.contains("5"), "\(error.message)")
            }
            try site.copy(part + ".new", to: part)
        }
        #expect(try site.withLog { $0.size } == 5)
    }

    @Test func `refuses a whole directory restored beside a sign-lock that went on`() throws {
        try site.withLog { log throws in _ = try log.append(Site.events(2)) }
        for part in ["journal", "log"] { try site.copy(part, to: part + ".old") }
        try site.withLog { log throws in _ = try log.append(Site.events(3)) }
        for part in ["journal", "log"] { try site.copy(part + ".old", to: part) }
        #expect(site.refusal() == "log.rollback")
    }

    @Test func `refuses a copied log while the sign-lock is in use`() throws {
        try site.withLog { log throws in _ = try log.append(Site.events(2)) }
        let twin = try Site(create: false)
        for part in ["log", "journal"] {
            try FileManager.default.copyItem(atPath: "\(site.path)/\(part)", toPath: "\(twin.path)/\(part)")
        }
        try FileManager.default.createSymbolicLink(
            atPath: "\(twin.path)/sign-lock",
            withDestinationPath: "\(site.path)/sign-lock"
        )
        let log = try site.open()
        #expect(twin.refusal() == "log.locked")
        _ = try log.append(Site.events(1))
        log.close()
        #expect(twin.refusal() == "log.rollback")
    }

    @Test func `removes what a crash left half written, and nothing else`() throws {
        try site.withLog { log throws in _ = try log.append(Site.events(2)) }
        let leftOvers = ["journal/.new-1", "log/.new-2", "log/tile/0/000.p/.new-3", "log/tile/entries/000.p/.new-4"]
        for name in leftOvers { try site.copy("log/checkpoint", to: name) }
        #expect(site.refusal() == nil)
        for name in leftOvers { #expect(!site.exists(name), "\(name)") }
        #expect(site.exists("log/tile/0/000.p/2"))
    }

    @Test func `publishes anew when the public checkpoint is gone, and refuses a forged one`() throws {
        try site.withLog { log throws in _ = try log.append(Site.events(2)) }
        let note = try site.read("log/checkpoint")
        try site.remove("log/checkpoint")
        #expect(site.refusal() == nil)
        #expect(try site.read("log/checkpoint") == note)
        try site.write("log/checkpoint", note.map { $0 == UInt8(ascii: "2") ? UInt8(ascii: "1") : $0 })
        #expect(site.refusal() != nil)
    }

    /// Where records start.
    private static func records(_ bytes: [UInt8]) -> [Int] {
        bytes.indices.dropLast(4).filter { Array(bytes[$0..<$0 + 4]) == Array("GBXJ".utf8) }
    }
}
