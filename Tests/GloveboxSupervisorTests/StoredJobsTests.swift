import Glibc
import GloveboxAPI
import GloveboxBroker
import GloveboxCore
import GloveboxIndex
import GloveboxJobs
import GloveboxLinux
import GloveboxStore
import GloveboxTransparency
import Synchronization
import TestSupport
import Testing

@testable import GloveboxSupervisor

/// What a site that has run for years costs; `GLOVEBOX_STORED_JOBS` says how many jobs it has.
@Suite(.serialized) struct StoredJobsTests {
    private static let jobs = TestPrograms.variable("GLOVEBOX_STORED_JOBS").flatMap { Int($0) }

    private struct Figures {
        var start = Duration.zero
        var get: [Duration] = []
        var list: [Duration] = []
        /// Pages of jobs that nobody asked for lately.
        var older: [Duration] = []
        var kilobytes = 0
    }

    /// Milliseconds that so many in a hundred take at most.
    private static func milliseconds(_ percent: Int, of times: [Duration]) -> Double {
        times.sorted()[(times.count * percent - 1) / 100] / .milliseconds(1)
    }

    @Test(.enabled(if: jobs != nil, "takes minutes; GLOVEBOX_STORED_JOBS asks for it"))
    func `start, list and get cost the same with a hundred jobs and with many`() throws {
        let place = try TaskSite()
        var site = try Site(opening: place.layout)
        try place.add(2, to: site)
        let model = try SiteLog.records(site.log).filter { $0.job != nil && $0.kind != .attestationIssued }
        var figures: [Int: Figures] = [:]
        let most = try #require(Self.jobs)
        for count in [100, most] {
            let have = Int(site.read { state in state.submitted })
            try Self.grow(site, by: count - have, model)
            site.close()
            let built = ContinuousClock.now
            site = try Site(opening: place.layout)  // the index follows
            site.close()
            print("\(count) jobs, \(site.log.size) entries: the index followed in \(ContinuousClock.now - built)")
            var found = Figures()
            let begin = ContinuousClock.now
            site = try Site(opening: place.layout)
            found.start = ContinuousClock.now - begin
            #expect(site.read { state in state.jobs.isEmpty })
            var generator = SystemRandomNumberGenerator()
            for _ in 0..<300 {
                let number = UInt64.random(in: 0..<UInt64(count), using: &generator)
                let filter = JobFilter(at: Machine.now())
                let id = try #require(try site.index.jobs(filter, before: number + 1, limit: 1).first).id
                let begin = ContinuousClock.now
                _ = try site.info(id, for: place.alice)
                found.get.append(ContinuousClock.now - begin)
            }
            for _ in 0..<100 {
                let begin = ContinuousClock.now
                #expect(try site.jobs(for: place.alice, JobQuery(limit: 50)).items.count == 50)
                found.list.append(ContinuousClock.now - begin)
            }
            site.past.withLock { $0 = RecentValues(most: 512) }
            var before: UInt64?
            for _ in 0..<(count / 50) {
                let begin = ContinuousClock.now
                before = try site.jobs(for: place.alice, JobQuery(before: before, limit: 50)).next
                found.older.append(ContinuousClock.now - begin)
            }
            let status = String(
                decoding: try Descriptor.open("/proc/self/status", O_RDONLY).readAll(limit: 8192),
                as: UTF8.self
            )
            let line = status.split(separator: "\n").first { $0.hasPrefix("VmRSS") }
            found.kilobytes = Int(line?.split(separator: " ").dropFirst().first ?? "") ?? 0
            figures[count] = found
            print("  start \(found.start), get p99 \(Self.milliseconds(99, of: found.get)) ms")
            print("  older p99 \(Self.milliseconds(99, of: found.older)) ms")
            print("  list p99 \(Self.milliseconds(99, of: found.list)) ms; resident \(found.kilobytes >> 10) MiB")
        }
        let few = try #require(figures[100])
        let many = try #require(figures[most])
        // Not the slowest, since a machine may be busy, nor the median, which the jobs asked for lately make; four times as
        // much would still be noise, a scan of all jobs would not.
        for times in [\Figures.get, \.list, \.older] {
            let (before, after) = (
                Self.milliseconds(90, of: few[keyPath: times]), Self.milliseconds(90, of: many[keyPath: times])
            )
            #expect(after <= 4 * before + 5)
        }
        #expect(many.kilobytes - few.kilobytes < 64 << 10)
        site.close()
    }

    /// Appends jobs that went as the model did, many to a record of the journal.
    private static func grow(_ site: Site, by count: Int, _ model: [SiteRecord]) throws {
        var events: [Event] = []
        for _ in 0..<count {
            let id = Machine.identifier("job")
            for record in model {
                var members = try #require(record.json.object)
                members["idempotency"] = nil
                events.append(Event(kind: record.kind, job: id, body: members.members.map { ($0.name, $0.value) }))
            }
            if events.count > 200 {
                _ = try site.log.append(events)
                events = []
            }
        }
        _ = try site.log.append(events)
        try site.log.publish()
    }
}
