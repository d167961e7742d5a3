import Glibc
import GloveboxAPI
import GloveboxCore
import GloveboxJobs
import GloveboxLinux
import GloveboxStore
import GloveboxTransparency
import TestSupport
import Testing

@testable import GloveboxSupervisor

@Suite(.serialized) struct BackupTests {
    private static let caller = Caller(account: "acc_otto", name: "otto", roles: [.operator])

    /// A site with its backup.
    private struct Pair {
        let site: TestSite
        let job: String
        let data: String
        let keys: String
        let info: BackupInfo

        init(configure: (SiteLayout) throws -> Void = { _ in }) throws {
            site = try TestSite(configure: configure)
            job = try site.submit("pass")
            let place = try TestPrograms.scratch()
            (data, keys) = (place + "/data", place + "/keys")
            info = try site.site.backUp(BackupTests.caller, BackupRequest(directory: data, keys: keys))
        }

        func restoration(_ newest: SiteRestoration.Newest = .noneKept) throws -> SiteRestoration {
            try SiteRestoration(data: data, keys: keys, newest: newest)
        }

        /// Changes a file of the data half.
        func change(_ file: String, _ body: (inout [UInt8]) -> Void) throws {
            var bytes = try StateFile.read(data + "/" + file)
            body(&bytes)
            try StateFile.write(bytes, to: data + "/" + file)
        }
    }

    /// A job as an operator sees it, but for the sentence that says how long it has waited.
    private func shown(_ job: String, _ site: Site) throws -> [String] {
        let info = try site.info(job, for: Self.caller)
        return [
            info.id, info.phase.rawValue, "\(info.since)", "\(String(describing: info.waiting))", info.planDigest.hex,
            info.coreDigest.hex, info.submitter, info.dataset, "\(info.created)", "\(info.runs)",
        ]
    }

    @Test func `a restored site has the same log, the same jobs and the same people, and goes on`() throws {
        let pair = try Pair()
        let last = try #require(try SiteLog.records(pair.site.site.log).last)
        #expect(last.kind == .backupMade && pair.info.entries == last.index)
        // The event about the backup came after it.
        let before = try pair.site.site.log.leafHash(pair.info.entries - 1)
        let info = try shown(pair.job, pair.site.site)
        pair.site.site.close()

        let layout = SiteLayout(root: try TestPrograms.scratch() + "/state")
        try pair.restoration().restore(to: layout)
        for name in ["sign-lock/slots", "log/checkpoint", "index.sqlite"] {
            #expect(StateFile.exists("\(layout.root)/\(name)"))
        }
        #expect(throws: GloveboxError("site.exists", "")) { try pair.restoration().restore(to: layout) }

        let site = try Site(opening: layout)
        #expect(site.log.size == pair.info.entries && site.log.publishedSize == site.log.size)
        #expect(try site.log.leafHash(site.log.size - 1) == before)
        #expect(try shown(pair.job, site) == info)
        for _ in 0..<2 { try site.begin() }
        let told = try SiteLog.records(site.log).filter { $0.kind == .backupRestored }
        #expect(told.map(\.index) == [pair.info.entries])
        #expect(try site.weaknesses().contains { $0.contains("cosigns nothing") })
        // The reviewer's key is known there, and the broker opens the dataset's key.
        #expect(site.read { state in state.datasets["fair"] != nil })
        site.close()
    }

    @Test func `a backup that would roll the log back, or is of another history, is refused`() throws {
        let pair = try Pair()
        let log = pair.site.site.log
        let later = log.checkpoint
        #expect(throws: GloveboxError("backup.unproven", "")) { try pair.restoration(.shown([])) }
        #expect(throws: GloveboxError("log.rollback", "")) { try pair.restoration(.shown([later])) }
        let signer = pair.site.site.keys.log
        func note(_ size: UInt64, _ root: Digest) throws -> [UInt8] {
            try Checkpoint(origin: signer.key.name, size: size, root: root).signed(by: signer)
        }
        #expect(throws: GloveboxError("log.fork", "")) {
            try pair.restoration(.shown([note(pair.info.entries, .zero)]))
        }
        let stranger = try NoteSigner(name: "log.t.example", seed: Array(1...32))
        let unsigned = try Checkpoint(origin: "log.t.example", size: 1, root: .zero).signed(by: stranger)
        #expect(throws: GloveboxError.self) { try pair.restoration(.shown([unsigned])) }
        let root = try LogWriter.readJournal(pair.data + "/journal", rootsAt: []).root
        let layout = SiteLayout(root: try TestPrograms.scratch() + "/state")
        try pair.restoration(.shown([note(pair.info.entries, root)])).restore(to: layout)
        pair.site.site.close()
        let site = try Site(opening: layout)
        try site.begin()
        #expect(try SiteLog.records(site.log).contains { $0.kind == .backupRestored })
        site.close()
    }

    @Test func `a copied state directory does not start until it is adopted, which stands in the log`() throws {
        let pair = try Pair()
        pair.site.site.close()
        let copy = SiteLayout(root: try TestPrograms.scratch() + "/state")
        let copied = try TestPrograms.run("/bin/cp", ["-a", pair.site.layout.root, copy.root])
        #expect(copied.status == 0)
        #expect(throws: GloveboxError("log.copied", "")) { try Site(opening: copy) }
        let note = try StateFile.read(copy.root + "/log/checkpoint")
        #expect(throws: GloveboxError("backup.unproven", "")) { try SiteAdoption.adopt(copy, newest: .shown([])) }
        // While the first is there, it is the site.
        #expect(throws: GloveboxError("log.copied", "")) { try SiteAdoption.adopt(copy, newest: .shown([note])) }
        #expect(unsafe rename(pair.site.layout.root, pair.site.layout.root + "-gone") == 0)
        let size = try SiteAdoption.adopt(copy, newest: .shown([note]))
        let site = try Site(opening: copy)
        defer { site.close() }
        let told = try SiteLog.records(site.log).filter { $0.kind == .backupRestored }
        #expect(told.map(\.index) == [size])
    }

    @Test func `a backup with anything changed, missing or added is refused`() throws {
        let pair = try Pair()
        pair.site.site.close()
        _ = try pair.restoration()
        let damaged = GloveboxError("backup.damaged", "")
        let blob = try #require(try StateTree.files(pair.data + "/blobs").first)
        for file in ["journal/00000000000000000000.wal", "blobs/" + blob, BackupSums.name]
        where
            StateFile.exists("\(pair.data)/\(file)")
        {
            try pair.change(file) { $0[$0.count / 2] ^= 1 }
            #expect(throws: damaged, "\(file)") { try pair.restoration() }
            try pair.change(file) { $0[$0.count / 2] ^= 1 }
        }
        let journal = try #require(try StateTree.files(pair.data + "/journal").first)
        try pair.change("journal/" + journal) { $0[60] ^= 1 }
        #expect(throws: damaged) { try pair.restoration() }
        try pair.change("journal/" + journal) { $0[60] ^= 1 }
        try StateFile.write([1], to: pair.data + "/blobs/extra")
        #expect(throws: damaged) { try pair.restoration() }
        try Directory.remove(pair.data + "/blobs/extra")
        #expect(unsafe symlink("/etc/passwd", pair.data + "/link") == 0)
        #expect(throws: damaged) { try pair.restoration() }
        try Directory.remove(pair.data + "/link")
        try pair.change(BackupRecord.name) { $0[20] ^= 1 }
        #expect(throws: GloveboxError("backup.mixed", "")) { try pair.restoration() }
        try pair.change(BackupRecord.name) { $0[20] ^= 1 }
        _ = try pair.restoration()
        try Directory.remove(pair.keys + "/keys/node/bodies.key")
        #expect(throws: damaged) { try pair.restoration() }
    }

    @Test func `the data half holds no key, no sign-lock and nothing that opens a dataset`() throws {
        let pair = try Pair { layout in
            try StateFile.write(Array("secret".utf8), to: layout.root + "/tls.key")
            try StateFile.makeDirectory(layout.root + "/strangers")
        }
        defer { pair.site.site.close() }
        let data = try StateTree.files(pair.data)
        let keys = try StateTree.files(pair.keys)
        for part in ["sign-lock", "log", "keys", "operator", "incoming", "strangers"] {
            #expect(!data.contains { $0.hasPrefix(part + "/") }, "\(part)")
        }
        #expect(!data.contains("tls.key") && !data.contains { $0.hasPrefix("index.") })
        #expect(!data.contains("broker/secret") && data.contains("broker/kek") && data.contains("broker/ledger"))
        #expect(keys.contains("broker/secret") && keys.contains("keys/log/log.key") && keys.contains("tls.key"))
        #expect(pair.info.leftOut.contains("strangers"))
        for (directory, files) in [(pair.data, data), (pair.keys, keys)] {
            for file in files { #expect(try FileStatus.of("\(directory)/\(file)").permissions == 0o600) }
            #expect(try FileStatus.of(directory).permissions == 0o700)
            let sums = try TestPrograms.run(
                "/usr/bin/env",
                ["-C", directory, "sha256sum", "--quiet", "-c", BackupSums.name]
            )
            #expect(sums.status == 0, "\(sums.output)")
        }
        // Whoever has the data half alone opens neither bodies nor data.
        let lone = SiteLayout(root: pair.data)
        #expect(throws: GloveboxError.self) { try Site(opening: lone) }
    }

    @Test func `a backup is never written over another, into the state, or half`() throws {
        let pair = try Pair()
        defer { pair.site.site.close() }
        func refusal(_ directory: String, _ keys: String) -> String? {
            do {
                _ = try pair.site.site.backUp(Self.caller, BackupRequest(directory: directory, keys: keys))
                return nil
            } catch { return error.code }
        }
        let place = try TestPrograms.scratch()
        #expect(refusal(pair.data, place + "/k") == "object.conflict")
        #expect(refusal(place + "/d", pair.keys) == "object.conflict")
        #expect(refusal(place + "/d", place + "/d/keys") == "request.invalid")
        #expect(refusal(pair.site.layout.root + "/d", place + "/k") == "request.invalid")
        #expect(refusal("/proc/d", place + "/k") == "backup.failed")
        #expect(refusal(place + "/d", "/proc/k") == "backup.failed")
        #expect(try Directory(place).names().isEmpty)
        #expect(refusal(place + "/d", place + "/k") == nil)
    }

    @Test func `a witness whose records were put back cosigns nothing before it has another key`() throws {
        let place = try TestPrograms.scratch()
        let signer = try NoteSigner(name: "log.other.example", seed: Array(1...32))
        let log = try WatchedLog(origin: "log.other.example", keys: [signer.key])
        let cosigner = try Cosigner(name: "w.example", seed: Array(32...63))
        let checkpoint = Checkpoint(origin: "log.other.example", size: 1, root: .zero)
        let request = try WitnessRequest(old: 0, proof: [], note: checkpoint.signed(by: signer))
        func store(_ cosigner: Cosigner, _ former: [(cosigner: Cosigner, until: Instant)] = []) throws -> WitnessStore {
            try WitnessStore(place, cosigner: cosigner, former: former, watching: [log])
        }
        try WitnessStore.retire(place, [cosigner.key])
        #expect(throws: GloveboxError("witness.retired", "")) { try store(cosigner).add(request, at: Machine.now()) }
        let next = try Cosigner(name: "w2.example", seed: Array(33...64))
        let until = Machine.now().adding(seconds: 3600)
        let outcome = try store(next, [(cosigner, until)]).add(request, at: Machine.now())
        guard case .cosigned(let lines) = outcome else {
            Issue.record("\(outcome)")
            return
        }
        // The old key is silent although its overlap is not over.
        #expect(lines.count == 1)
    }
}
