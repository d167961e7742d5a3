import Glibc
import GloveboxAPI
import GloveboxAttestation
import GloveboxBroker
import GloveboxCore
import GloveboxImages
import GloveboxIndex
import GloveboxJobs
import GloveboxLinux
import GloveboxStore
import Synchronization
import TestSupport
import Testing

@testable import GloveboxSupervisor

/// What a site knows through its index is what its journal tells.
@Suite struct IndexTests {
    @Test func `the index, half of it, none and a new one give the same answers`() throws {
        let place = try TaskSite()
        var site = try Site(opening: place.layout)
        for number in 0..<4 { try place.add(number, to: site) }
        site.writeIndex()
        for number in 4..<8 { try place.add(number, to: site) }
        // The clock must have left the millisecond of the last event, or it is not told yet.
        usleep(5000)
        let answers = try place.answers(site)
        #expect(answers.count > 60 && site.read { state in state.jobs.count } == 5)
        site.writeIndex()
        #expect(site.read { state in state.jobs.count } == 2, "only open jobs are held")
        #expect(try place.answers(site) == answers, "after a write")
        try place.add(8, to: site)
        usleep(5000)
        let more = try place.answers(site)
        site.log.close()
        site.broker.close()
        site = try Site(opening: place.layout)
        #expect(try place.answers(site) == more, "from an index that is behind")
        site.close()
        site = try Site(opening: place.layout)
        #expect(site.read { state in (state.jobs.count, state.backlog.count) } == (3, 0))
        #expect(try place.answers(site) == more, "from the index alone")
        site.close()
        site = try Site(opening: place.layout, rebuildingIndex: true)
        #expect(try place.answers(site) == more, "from a new one")
        site.close()
    }

    @Test func `an index that is ahead, of another history or damaged is refused, and made anew when asked`() throws {
        let place = try TaskSite()
        let site = try Site(opening: place.layout)
        for number in 0..<4 { try place.add(number, to: site) }
        let answers = try place.answers(site)
        let size = site.log.size
        site.close()
        for (mark, code) in [
            (IndexMark(size: size + 1, last: .zero), "index.ahead"),
            (IndexMark(size: size, last: .zero), "index.foreign"),
        ] {
            let index = try IndexStore(opening: place.layout.index)
            try index.write(IndexBatch(), upTo: mark)
            try index.close()
            #expect(throws: GloveboxError(code, "")) { try Site(opening: place.layout) }
        }
        let file = try Descriptor.open(place.layout.index, O_RDWR)
        try file.write([UInt8](repeating: 0x55, count: 8192))
        #expect(throws: GloveboxError("index.damaged", "")) { try Site(opening: place.layout) }
        let again = try Site(opening: place.layout, rebuildingIndex: true)
        #expect(try place.answers(again) == answers)
        again.close()
    }

    @Test func `an index that points at other events is not believed`() throws {
        let place = try TaskSite()
        let site = try Site(opening: place.layout)
        for number in 0..<3 { try place.add(number, to: site) }
        site.writeIndex()
        let ended = try site.jobs(for: place.boss, JobQuery(phase: .cancelled, limit: 1)).items
        let first = try #require(ended.first)
        let one = try #require(try site.index.job(first.id))
        let wrong = EndedJob(
            number: one.number,
            id: one.id,
            plan: one.plan,
            submitter: one.submitter,
            project: one.project,
            policy: one.policy,
            name: one.name,
            tags: one.tags,
            created: one.created,
            phase: .failed,
            revealed: one.revealed,
            millibits: 0,
            code: one.code,
            image: one.image,
            started: one.started,
            cpuSeconds: one.cpuSeconds,
            releasedBytes: one.releasedBytes,
            events: one.events
        )
        var batch = IndexBatch()
        batch.ended = [wrong]
        try site.index.write(batch, upTo: IndexMark(size: 1, last: .zero))
        site.past.withLock { $0 = RecentValues(most: 1) }
        #expect(throws: GloveboxError("index.damaged", "")) { try site.entry(one.id) }
        site.close()
    }

    @Test func `what a list shows of ended jobs is what their stories tell, and none is read for it`() throws {
        let place = try TaskSite()
        let site = try Site(opening: place.layout)
        for number in 0..<12 { try place.add(number, to: site) }
        site.close()
        let again = try Site(opening: place.layout)
        defer { again.close() }
        for (caller, count) in [(place.alice, 3), (place.bob, 6), (place.boss, 9)] {
            let ended = try again.jobs(for: caller, JobQuery(limit: 50)).items.filter { $0.phase.isTerminal }
            #expect(ended.count == count)
            let read = again.past.withLock { past in ended.filter { past[$0.id] != nil } }
            #expect(read.isEmpty)
            for job in ended { #expect(try again.info(job.id, for: caller).json == job.json) }
            again.past.withLock { $0 = RecentValues(most: 512) }
        }
        let one = try #require(try again.jobs(for: place.alice, JobQuery(phase: .failed, limit: 1)).items.first)
        let card = try #require(try again.index.card(one.id))
        #expect(!String(decoding: card.bytes, as: UTF8.self).contains(place.alice.name))
        // Before everyone may know how a job ended, its card is for those who look after the site; a bad one is told.
        let ended = try #require(try again.index.job(one.id))
        var batch = IndexBatch()
        batch.ended = [
            EndedJob(
                number: ended.number,
                id: ended.id,
                plan: ended.plan,
                submitter: ended.submitter,
                project: ended.project,
                policy: ended.policy,
                name: ended.name,
                tags: ended.tags,
                created: ended.created,
                phase: ended.phase,
                revealed: Machine.now().adding(seconds: 3600),
                millibits: 0,
                code: ended.code,
                image: ended.image,
                started: ended.started,
                cpuSeconds: ended.cpuSeconds,
                releasedBytes: ended.releasedBytes,
                events: ended.events,
                card: Array("{}".utf8)
            )
        ]
        try again.index.write(batch, upTo: IndexMark(size: 1, last: .zero))
        #expect(try again.jobs(for: place.alice, JobQuery(limit: 50)).items.contains { $0.json == one.json })
        again.past.withLock { $0 = RecentValues(most: 512) }
        #expect(throws: GloveboxError("index.damaged", "")) { try again.jobs(for: place.boss, JobQuery(limit: 50)) }
    }
}
