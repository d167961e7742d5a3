import Glibc
import GloveboxAPI
import GloveboxAttestation
import GloveboxCore
import GloveboxImages
import GloveboxJobs
import GloveboxLinux
import GloveboxMeasure
import GloveboxTransparency
import TestSupport
import Testing

@testable import GloveboxSupervisor

/// What a site keeps no longer, and what it never removes.
@Suite(.serialized) struct CollectionTests {
    private static let hasData = TestPrograms.variable("GLOVEBOX_FAIR_CSV") != nil

    private func collect(_ site: Site, after days: Int64 = 8, isDry: Bool = false) throws -> [CollectedItem] {
        var collector = Collector(site: site, isDry: isDry, at: Machine.now().adding(seconds: days * 86400))
        return try collector.collect().items
    }

    /// Uploads a tree of one file; its digest.
    private func upload(_ text: String, _ place: TaskSite, _ site: Site) throws -> Digest {
        let directory = place.layout.root + "/tree-\(UInt32.random(in: 0 ... .max))"
        try #require(unsafe mkdir(directory, 0o755) == 0)
        try Descriptor.open(directory + "/main.py", O_WRONLY | O_CREAT, mode: 0o644).write(Array(text.utf8))
        let archive = directory + ".nar"
        let file = try Descriptor.open(archive, O_RDWR | O_CREAT, mode: 0o600)
        let measured = try CodeTree.pack(directory: directory, to: DescriptorStream(borrowing: file.raw))
        _ = try site.addBlob(place.alice, BlobUpload(path: archive, bytes: UInt64(file.status().size)))
        return measured.narSha256
    }

    @Test(.enabled(if: hasData, "needs GLOVEBOX_FAIR_CSV"))
    func `uploads that no plan named go after a week, those of any plan stay, open or ended`() throws {
        let test = try TestSite()
        let open = try test.entry(test.submit("print(1)")).manifest.core.code.nar
        let over = try test.submit("print(2)")
        let ended = try test.entry(over).manifest.core.code.nar
        try test.cancel(over)
        try test.site.transition(over, .cleaned)
        test.site.writeIndex()
        #expect(test.site.read { state in state.jobs[over] } == nil)
        // A plan that was made and is not submitted yet counts; one that was made before a restart does not.
        let drafted = try Manifest(parsing: test.plan("print(3)").manifest).core.code.nar
        #expect(try collect(test.site).isEmpty)
        var again = test
        try again.reopen { _ in }
        #expect(try collect(again.site, after: 6).isEmpty, "not before its week is over")
        #expect(try collect(again.site, isDry: true).map(\.name) == [drafted.named])
        #expect(again.site.blobs.has(drafted))
        #expect(try collect(again.site).map(\.name) == [drafted.named])
        #expect(!again.site.blobs.has(drafted) && again.site.blobs.has(open) && again.site.blobs.has(ended))
        let removed = try SiteLog.records(again.site.log).filter { $0.kind == .codeRemoved }
        #expect(removed.count == 1)
        #expect(try again.findings().isEmpty)
        // Code that is gone can be brought again; a plan of it without that is refused.
        let request = CreatePlanRequest(
            code: drafted,
            image: "python",
            argv: ["python3"],
            env: [:],
            dataset: "fair",
            outputPolicy: "demo-table",
            limits: RequestedLimits(wallSeconds: 60)
        )
        #expect(throws: GloveboxError("object.not-found", "")) {
            try again.site.createPlan(again.researcher.caller, request)
        }
        #expect(try Manifest(parsing: again.plan("print(3)").manifest).core.code.nar == drafted)
    }

    @Test func `an upload that comes again counts as new`() throws {
        let place = try TaskSite()
        let site = try Site(opening: place.layout)
        defer { site.close() }
        let digest = try upload("one", place, site)
        let old = [timespec(tv_sec: 1000, tv_nsec: 0), timespec(tv_sec: 1000, tv_nsec: 0)]
        let path = place.layout.blobs + "/" + digest.hex
        #expect(unsafe utimensat(AT_FDCWD, path, old, 0) == 0)
        #expect(try collect(site, after: 0, isDry: true).map(\.name) == [digest.named])
        #expect(try upload("one", place, site) == digest)
        #expect(try collect(site, after: 0).isEmpty && site.blobs.has(digest))
    }

    @Test func `results go when a written policy says so, and the receipt then says that they did`() throws {
        let place = try TaskSite()
        try StateFile.write(Array("retention: {results_days: 30}\n".utf8), to: place.layout.settings)
        var site = try Site(opening: place.layout)
        for number in 0..<4 { try place.add(number, to: site) }
        // What a run of a task keeps stands for its report, which takes a jail.
        let task: JSONValue = ["executors": [["image": "alpine", "command": ["false"]]]]
        let job = try site.createTask(place.alice, TaskDocument(json: task), idempotency: nil)
        let log = try TaskLog(executors: []).keep(in: site.blobs)
        let blob = try #require(log["sha256"]?.string.flatMap(Digest.init(hex:)))
        let run: [JobChange] = [
            .accepted(needsApproval: false), .dequeued(executor: "local", node: "localhost"),
            .starting(run: 1, nonce: .zero), .staged(measured: .zero), .started,
        ]
        for change in run { try site.transition(job, change) }
        try site.transition(job, .ended(.exit(3)), details: [("task", log)])
        for change in [JobChange.failed, .cleaned] { try site.transition(job, change) }
        #expect(try site.task(job, for: place.alice).executors.isEmpty)
        #expect(try collect(site, after: 29).filter { $0.kind == .result }.isEmpty)
        #expect(try collect(site, after: 31, isDry: true).filter { $0.kind == .result }.map(\.name) == [job])
        #expect(site.blobs.has(blob))
        #expect(try collect(site, after: 31).filter { $0.kind == .result }.map(\.name) == [job])
        #expect(!site.blobs.has(blob))
        let entry = try #require(try site.entry(job))
        #expect(throws: GloveboxError("output.destroyed", "")) { try site.requireKept(blob, of: entry) }
        #expect(try site.task(job, for: place.alice).phase == .failed, "what the log tells of it is still told")
        for _ in 0..<2 {
            #expect(try collect(site, after: 31).filter { $0.kind == .result }.isEmpty)
            let destroyed = try SiteLog.records(site.log).filter { $0.kind == .outputDestroyed }
            #expect(destroyed.map(\.job) == [job])
            site.close()
            site = try Site(opening: place.layout, rebuildingIndex: true)
        }
        site.close()
    }

    @Test func `an image goes that no plan and no name knows, and nothing else does`() throws {
        let place = try TaskSite()
        let site = try Site(opening: place.layout)
        defer { site.close() }
        try place.add(0, to: site)
        let used = try site.images.resolve("base").digest
        func image(_ mark: UInt8, _ name: String?) throws -> Digest {
            let path = place.layout.root + "/image-\(mark)"
            let head = [UInt8](repeating: 0, count: 1024) + [0xe2, 0xe1, 0xf5, 0xe0] + [mark]
            try Descriptor.open(path, O_WRONLY | O_CREAT, mode: 0o644).write(head)
            return try site.images.add(file: path, name: name).digest
        }
        // The name moves on: the image that a plan names stays, one that none does goes.
        let unused = try image(2, "base")
        let named = try image(3, "base")
        #expect(try collect(site, after: 29).filter { $0.kind == .image }.isEmpty)
        #expect(try collect(site, after: 31).filter { $0.kind == .image }.map(\.name) == [unused.named])
        #expect(Set(try site.images.list().map(\.digest)) == [used, named])
        #expect(throws: GloveboxError("image.unknown", "")) { try site.images.resolve(unused.named) }
    }

    @Test func `what interrupted writes and older indexes left goes, and a sealed file of an open job stays`() throws {
        let place = try TaskSite()
        let site = try Site(opening: place.layout)
        defer { site.close() }
        for number in 0..<4 { try place.add(number, to: site) }
        let jobs = try site.jobs(for: place.boss, JobQuery(limit: 10)).items
        let open = try #require(jobs.first { $0.phase == .accepted }).id
        let over = try #require(jobs.first { $0.phase == .failed }).id
        try StateFile.makeDirectory(place.layout.sealed)
        for path in [
            place.layout.sealed + "/" + open, place.layout.sealed + "/" + over,
            place.layout.blobs + "/\(Digest.zero.hex).new", place.layout.index + ".before-2",
        ] { try StateFile.write([1], to: path) }
        #expect(try collect(site, after: 0).map(\.name) == [over])
        #expect(try collect(site, after: 2).map(\.name) == ["\(Digest.zero.hex).new"])
        #expect(try collect(site, after: 31).filter { $0.kind == .leftover }.map(\.name) == ["index.sqlite.before-2"])
        #expect(StateFile.exists(place.layout.sealed + "/" + open))
        #expect(!StateFile.exists(place.layout.sealed + "/" + over))
    }

    @Test func `a daemon killed while it collects loses nothing that is needed, and the next one goes on`() throws {
        let place = try TaskSite()
        var site = try Site(opening: place.layout)
        // Two that wait while the site is paused, and two that have ended.
        _ = try site.setPaused(true, place.boss, reason: "a test")
        for number in [0, 1, 4, 5] { try place.add(number, to: site) }
        let needed = try Set(
            site.jobs(for: place.boss, JobQuery(limit: 100)).items.map { try site.plan($0.planDigest).core.code.nar }
        )
        var unused: Set<Digest> = []
        for number in 0..<60 { unused.insert(try upload("print(\(number))", place, site)) }
        let old = [timespec(tv_sec: 1000, tv_nsec: 0), timespec(tv_sec: 1000, tv_nsec: 0)]
        for digest in needed.union(unused) {
            #expect(unsafe utimensat(AT_FDCWD, place.layout.blobs + "/" + digest.hex, old, 0) == 0)
        }
        site.close()
        var kills = 0
        for round in 0..<20 {
            let (daemon, output) = try TestPrograms.start(
                "gloveboxd",
                ["serve", "--state", place.layout.root, "--accept-disk"]
            )
            var line: [UInt8] = []
            while !String(decoding: line, as: UTF8.self).contains("ready") {
                let more = try output.read(upTo: 512)
                try #require(!more.isEmpty, "\(String(decoding: line, as: UTF8.self))")
                line += more
            }
            let (gc, words) = try TestPrograms.start("glovebox", ["gc", "--profile", place.layout.operatorProfile])
            let before = unused.count { StateFile.exists(place.layout.blobs + "/" + $0.hex) }
            // Killed as soon as it is at it, and the last time not at all.
            var left = before
            while left == before || left > 0 && kills >= 3, left > 0 {
                left = unused.count { StateFile.exists(place.layout.blobs + "/" + $0.hex) }
            }
            if left > 0 { kills += 1 }
            daemon.kill()
            _ = try daemon.wait()
            while try !words.read(upTo: 512).isEmpty {}
            _ = try gc.wait()
            if left == 0 { break }
            #expect(round < 19)
        }
        #expect(kills > 0)
        site = try Site(opening: place.layout)
        defer { site.close() }
        for digest in needed { #expect(site.blobs.has(digest)) }
        for digest in unused { #expect(!site.blobs.has(digest)) }
        let removed = try SiteLog.records(site.log).filter { $0.kind == .codeRemoved }
        #expect(removed.count == unused.count, "each is on record once")
        #expect(try site.findings().isEmpty)
    }
}
