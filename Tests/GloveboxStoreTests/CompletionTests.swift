import Foundation
import GloveboxCore
import GloveboxStore
import GloveboxTransparency
import Testing

/// A journal behind its sign-lock, and mirrors that have the rest or say they do.
@Suite struct CompletionTests {
    /// A directory as a mirror keeps it.
    private struct Mirror: LogSource {
        let path: String

        func read(_ path: String, limit: Int) -> [UInt8]? {
            FileManager.default.contents(atPath: "\(self.path)/\(path)").map { Array($0.prefix(limit + 1)) }
        }

        func tilePaths() -> [String]? { nil }

        /// Changes a file.
        func change(_ name: String, _ body: (inout [UInt8]) throws -> Void) throws {
            let url = URL(fileURLWithPath: "\(path)/\(name)")
            var bytes = Array(try Data(contentsOf: url))
            try body(&bytes)
            try FileManager.default.removeItem(at: url)
            try Data(bytes).write(to: url)
        }
    }

    private let site: Site
    private let mirror: Mirror

    /// A log of 700 entries, of which the disk has 300; its public files at 700 are the mirror's.
    init() throws {
        site = try Site()
        mirror = Mirror(path: site.path + "/mirror")
        try site.withLog { log throws in
            for _ in 0..<3 { _ = try log.append(Site.events(100, job: "job_1")) }
        }
        for part in ["journal", "log"] { try site.copy(part, to: part + ".old") }
        try site.withLog { log throws in
            for _ in 0..<4 { _ = try log.append(Site.events(100, job: "job_1")) }
        }
        try site.copy("log", to: "mirror")
        for part in ["journal", "log"] { try site.copy(part + ".old", to: part) }
    }

    private func complete(
        _ mirror: Mirror? = nil,
        segmentBytes: Int = 1 << 16,
        _ beforeChange: (Range<UInt64>) throws(GloveboxError) -> Void = { _ in }
    ) async throws {
        try await LogCompletion(LogLayout(state: site.path), keys: [site.signer.key], segmentBytes: segmentBytes)
            .complete(from: mirror ?? self.mirror, beforeChange: beforeChange)
    }

    /// The code with which a mirror is refused; nil when it is taken.
    ///
    /// A refusal must leave everything as it was.
    private func refusal(_ mirror: Mirror? = nil) async throws -> String? {
        let before = try contents()
        do {
            try await complete(mirror) { _ in Issue.record("the journal was about to change") }
            return nil
        } catch let error as GloveboxError {
            #expect(try contents() == before, "\(error)")
            #expect(site.refusal() == "log.rollback")
            return error.code
        }
    }

    private func contents() throws -> [String: [UInt8]] {
        var files: [String: [UInt8]] = [:]
        for part in ["journal", "sign-lock", "log"] {
            for name in try FileManager.default.subpathsOfDirectory(atPath: "\(site.path)/\(part)") {
                files["\(part)/\(name)"] = FileManager.default.contents(atPath: "\(site.path)/\(part)/\(name)")
                    .map { Array($0) }
            }
        }
        return files
    }

    @Test func `missing entries come back from a mirror, and the log goes on with the root that was signed`()
        async throws
    {
        #expect(site.refusal() == "log.rollback")
        let note = try site.read("mirror/checkpoint")
        var gap: Range<UInt64>?
        try await complete(segmentBytes: 1 << 12) { gap = $0 }
        #expect(gap == 300..<700)
        #expect(site.exists("journal/512.wal"), "a long gap is more than one segment")
        try site.withLog { log throws in
            #expect(log.checkpoint == note)
            let (known, back) = (try log.entry(299), try log.entry(300))
            #expect(known.body != nil && !known.isRecovered)
            #expect(back.body == nil && back.isRecovered && back.isErased)
            _ = try log.proof(450)
            var lost = 0
            try log.replay { lost += $0.isRecovered ? 1 : 0 }
            #expect(lost == 400)
            #expect(try log.append(Site.events(1, job: "job_1")) == [700])
            // The chain of the job's events goes on after those that came back.
            let own = try JSONReader.read(log.entry(700).leaf)["unmapped"]?["glovebox"]
            #expect(own?["prevJobEvent"]?.string == "699")
            #expect(try log.entry(700).body != nil)
        }
        #expect(try site.withLog { $0.size } == 701)
        try await complete { gap = $0 }
        #expect(gap == 701..<701, "nothing is missing any more")
    }

    @Test func `the log's own public files serve as a mirror when only the journal is behind`() async throws {
        try site.copy("mirror", to: "log")
        #expect(site.refusal() == "log.rollback")
        try await complete(Mirror(path: site.path + "/log"))
        #expect(try site.withLog { $0.size } == 700)
    }

    @Test func `a mirror that changed an entry, is short, or is of another tree is refused, and nothing is written`()
        async throws
    {
        // An entry of the same length, within the part that is missing.
        try mirror.change("tile/entries/001") { $0[$0.count - 40] ^= 1 }
        #expect(try await refusal() == "log.root-mismatch")
        try mirror.change("tile/entries/001") { $0[$0.count - 40] ^= 1 }
        try mirror.change("tile/entries/001") { $0.removeLast() }
        #expect(try await refusal() == "log.bundle-format")
        try mirror.change("tile/entries/001") { $0.append(UInt8(ascii: "}")) }
        // As it was some entries ago.
        let last = site.path + "/mirror/tile/entries/002.p/188"
        try FileManager.default.moveItem(atPath: last, toPath: last + "0")
        #expect(try await refusal() == "log.bundle-missing")
        try FileManager.default.moveItem(atPath: last + "0", toPath: last)
        #expect(try await refusal(Mirror(path: site.path + "/log.old")) == "log.bundle-missing")
        // Another history under the same key.
        let twin = try Site()
        try twin.withLog { log throws in
            for _ in 0..<7 { _ = try log.append(Site.events(100, job: "job_1")) }
        }
        #expect(try await refusal(Mirror(path: twin.path + "/log")) == "log.root-mismatch")
        // A later checkpoint than the sign-lock's: it was restored, too.
        try twin.withLog { log throws in _ = try log.append(Site.events(1)) }
        #expect(try await refusal(Mirror(path: twin.path + "/log")) == "log.rollback")
        // Another log, and no log at all.
        try mirror.change("checkpoint") { $0[0] ^= 1 }
        #expect(try await refusal() != nil)
        #expect(try await refusal(Mirror(path: site.path + "/nothing")) == "input.io")
        try mirror.change("checkpoint") { $0[0] ^= 1 }
    }

    @Test func `a recovery that ended half-way is begun again, and one in another's hands is refused`() async throws {
        try await complete(segmentBytes: 1 << 12)
        let names = try FileManager.default.contentsOfDirectory(atPath: site.path + "/journal")
        let added = names.filter { $0.hasSuffix(".wal") }.compactMap { UInt64($0.dropLast(4)) }.filter { $0 >= 300 }
        #expect(added.count >= 2)
        try site.copy("journal", to: "journal.new")
        for missing in added.sorted() {
            try site.copy("journal.new", to: "journal")
            for first in added where first >= missing { try site.remove("journal/\(first).wal") }
            try Data([1, 2, 3]).write(to: URL(fileURLWithPath: site.path + "/journal/.new-77"))
            #expect(site.refusal() == "log.rollback")
            var gap: Range<UInt64>?
            try await complete(segmentBytes: 1 << 12) { gap = $0 }
            #expect(gap == missing..<700)
            #expect(!site.exists("journal/.new-77"))
            #expect(try site.withLog { $0.size } == 700)
        }
        try site.copy("journal.old", to: "journal")
        try site.copy("log.old", to: "log")
        let held = try LogCompletion(LogLayout(state: site.path), keys: [site.signer.key])
        let error = await #expect(throws: GloveboxError.self) { try await complete() }
        #expect(error?.code == "log.locked")
        #expect(held.gap == 300..<700)
    }

    @Test func `a torn end of the journal is left to look at, and not written over by a recovery`() async throws {
        let whole = try site.read("journal/0.wal")
        let end = try #require(whole.lastIndex { $0 != 0 })
        var torn = whole
        for index in end - 50...end { torn[index] = 0 }
        try site.write("journal/0.wal", torn)
        let error = await #expect(throws: GloveboxError.self) { try await complete() }
        #expect(error?.code == "log.journal-corrupt")
        #expect(try site.read("journal/0.wal") == torn)
    }
}
