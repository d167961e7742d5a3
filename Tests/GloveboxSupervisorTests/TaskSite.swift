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

/// A site with an image that no kernel can mount, alice and bob.
struct TaskSite {
    let layout: SiteLayout
    let alice: Caller
    let bob: Caller
    let boss = Caller(account: "acc_o", name: "o", roles: [.operator])

    init() throws {
        layout = SiteLayout(root: try TestPrograms.scratch())
        let founded = Instant(seconds: Machine.now().seconds)
        let configuration = SiteConfiguration(name: "t", origin: "log.t.example", planQuorum: 1, founded: founded)
        try SiteFounding.found(layout, configuration: configuration, policies: ShippedPolicies.documents())
        let site = try Site(opening: layout)
        defer { site.close() }
        let head = [UInt8](repeating: 0, count: 1024) + [0xe2, 0xe1, 0xf5, 0xe0] + [UInt8](repeating: 1, count: 64)
        try Descriptor.open(layout.root + "/image", O_WRONLY | O_CREAT, mode: 0o644).write(head)
        _ = try site.images.add(file: layout.root + "/image", name: "base")
        try site.images.point(["alpine"], at: "base")
        func person(_ name: String) throws -> Caller {
            let account = try site.createAccount(name: name, roles: [.researcher], by: nil).account
            return Caller(account: account, name: name, roles: [.researcher])
        }
        alice = try person("alice")
        bob = try person("bob")
    }

    /// Submits a task and moves it on, differently for each number; some stay open.
    func add(_ number: Int, to site: Site) throws {
        let task: JSONValue = [
            "name": .string("n\(number)"), "tags": ["kind": .string("k\(number % 3)")],
            "executors": [["image": "alpine", "command": ["true"]]],
            "inputs": [["path": "/data/a", "content": .string("\(number)")]],
        ]
        let key = Idempotency(name: "key\(number)", body: .zero)
        let caller = number.isMultiple(of: 2) ? alice : bob
        let id = try site.createTask(caller, TaskDocument(json: task), idempotency: key)
        switch number % 4 {
        case 0: break
        case 1: try site.transition(id, .cancelled(by: caller.account))
        default:
            let run: [JobChange] = [
                .accepted(needsApproval: false), .dequeued(executor: "local", node: "localhost"),
                .starting(run: 1, nonce: .zero), .staged(measured: .zero), .started, .ended(.exit(3)),
            ]
            for change in run { try site.transition(id, change) }
            try site.transition(id, number % 4 == 2 ? .failed : .errored(component: "jail", code: "jail.launcher"))
        }
        if number % 4 > 0 { try site.transition(id, .cleaned) }
    }

    /// Everything that anybody may ask of jobs.
    func answers(_ site: Site) throws -> [String] {
        var out: [String] = []
        for caller in [alice, bob, boss] {
            for phase in [nil, .failed, .accepted] as [JobPhase?] {
                out += try pages { before in
                    let page = try site.jobs(for: caller, JobQuery(phase: phase, before: before, limit: 4))
                    let items = page.items.map { job in
                        "\(job.id) \(job.phase) \(job.since) \(job.reasons) \(job.planDigest) \(job.runs)"
                    }
                    return (items, page.next)
                }
            }
            for (prefix, tag, state) in [("n1", nil, nil), (nil, "k1", nil), (nil, nil, "SYSTEM_ERROR")]
                as [(String?, String?, String?)]
            {
                var query = TaskQuery()
                (query.namePrefix, query.state, query.limit) = (prefix, state, 3)
                query.tags = tag.map { [("kind", $0)] } ?? []
                out += try pages { before in
                    query.before = before
                    let page = try site.tasks(for: caller, query)
                    return (page.items.map { "\($0.id) \($0.document.name ?? "") \($0.phase)" }, page.next)
                }
            }
        }
        for job in try site.jobs(for: boss, JobQuery(limit: 100)).items {
            let entry = try #require(try site.entry(job.id))
            out.append("\(entry.number) \(entry.events) \(try site.plan(job.planDigest).digest)")
            out.append("\(try site.code(entry.manifest.core.code.nar)?.owner ?? "none")")
            out.append("\(try site.job(madeBy: entry.idempotency) ?? "none")")
            let look = try site.look(boss, job: job.id, after: .start)
            out += look.events.map { "\($0.event.id ?? "") \(CanonicalJSON.encode($0.event.data))" }
        }
        out += site.metrics(at: Machine.now()).filter { $0.name == "jobs" }.map { "\($0)" }
        let used = site.read { state in state.usage["default"] }
        out.append("\(used?.runs ?? 0) \(used?.cpuSeconds(at: Machine.now()) ?? 0)")
        out.append("\(try site.runs(of: "", under: "no-private-data", after: Instant(seconds: 0)))")
        out.append("\(try site.look(boss, job: nil, after: .start).events.map(\.place.text))")
        return out
    }

    private func pages(_ page: (UInt64?) throws -> ([String], UInt64?)) throws -> [String] {
        var out: [String] = []
        var before: UInt64?
        repeat {
            let (items, next) = try page(before)
            out += items + ["page"]
            before = next
        } while before != nil
        return out
    }
}
