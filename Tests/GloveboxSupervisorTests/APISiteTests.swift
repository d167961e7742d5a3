import Crypto
import Glibc
import GloveboxAPI
import GloveboxAttestation
import GloveboxCore
import GloveboxImages
import GloveboxJobs
import GloveboxLinux
import TestSupport
import Testing

@testable import GloveboxSupervisor

/// Tokens, idempotency keys, settings and events of a site, without a jail.
@Suite struct APISiteTests {
    private static func found(_ settings: String? = nil) throws -> SiteLayout {
        let layout = SiteLayout(root: try TestPrograms.scratch())
        let configuration = SiteConfiguration(
            name: "t",
            origin: "log.t.example",
            planQuorum: 1,
            founded: Instant(seconds: Machine.now().seconds)
        )
        try SiteFounding.found(layout, configuration: configuration, policies: ShippedPolicies.documents())
        if let settings { try write(settings, layout) }
        return layout
    }

    private static func write(_ text: String, _ layout: SiteLayout) throws {
        let flags = O_WRONLY | O_CREAT | O_TRUNC
        try Descriptor.open(layout.settings, flags, mode: 0o600).write(Array(text.utf8))
    }

    /// An image that no kernel can mount.
    private static func image(_ site: Site, _ layout: SiteLayout) throws {
        let head = [UInt8](repeating: 0, count: 1024) + [0xe2, 0xe1, 0xf5, 0xe0] + [UInt8](repeating: 1, count: 64)
        try Descriptor.open(layout.root + "/image", O_WRONLY | O_CREAT, mode: 0o644).write(head)
        _ = try site.images.add(file: layout.root + "/image", name: "base")
        try site.images.point(["alpine"], at: "base")
    }

    @Test func `a certificate's key counts for one account until it is revoked, after a restart too`() throws {
        let layout = try Self.found()
        var held: Site? = try Site(opening: layout)
        var site: Site { get throws { try #require(held) } }
        let made = try site.createAccount(name: "alice", roles: [.researcher], by: nil)
        let alice = try site.authenticate(token: made.token)
        let bob = try site.authenticate(token: site.createAccount(name: "bob", roles: [.researcher], by: nil).token)
        let key = P256.Signing.PrivateKey()
        let signer = try CertificateSigner(pem: key.pemRepresentation)
        func request(_ account: String) throws -> EnrollCertificateRequest {
            let spki = signer.publicKey.spki
            let message = EnrollCertificateRequest.message(account: account, spki: spki)
            return EnrollCertificateRequest(account: account, spki: spki, proof: try signer.signature(over: message))
        }
        let mine = try request(alice.account)
        #expect(throws: GloveboxError("object.not-found", "")) {
            try site.enrollCertificate(bob, account: alice.account, mine)
        }
        #expect(throws: GloveboxError("approval.signature", "")) {
            let other = EnrollCertificateRequest(account: bob.account, spki: mine.spki, proof: mine.proof)
            return try site.enrollCertificate(bob, account: bob.account, other)
        }
        let info = try site.enrollCertificate(alice, account: alice.account, mine)
        #expect(info.spki == signer.publicKey.digest && !info.isRevoked)
        #expect(throws: GloveboxError("object.conflict", "")) {
            try site.enrollCertificate(bob, account: bob.account, request(bob.account))
        }
        let bindable = try site.authenticate(token: made.token)
        #expect(bindable.certificates == [info.spki] && bindable.boundTo == nil)
        #expect(throws: GloveboxError("object.not-found", "")) {
            try site.createToken(bob, CreateTokenRequest(scopes: [.jobRead], certificate: info.spki))
        }
        let bound = try site.createToken(
            bindable,
            CreateTokenRequest(scopes: [.jobRead, .accountManage], certificate: info.spki)
        )
        let caller = try site.authenticate(token: bound.token)
        #expect(caller.boundTo == info.spki)
        #expect(throws: GloveboxError("auth.forbidden", "")) {
            try site.createToken(caller, CreateTokenRequest(scopes: [.jobRead]))
        }
        held = nil  // which lets go of the log
        held = try Site(opening: layout)
        #expect(try site.authenticate(token: bound.token) == caller)
        #expect(throws: GloveboxError("object.not-found", "")) {
            try site.revokeCertificate(bob, account: alice.account, spki: info.spki)
        }
        let boss = Caller(account: "acc_o", name: "o", roles: [.operator])
        #expect(try site.revokeCertificate(boss, account: alice.account, spki: info.spki).isRevoked)
        held = nil
        held = try Site(opening: layout)
        #expect(try site.authenticate(token: bound.token).certificates.isEmpty)
        #expect(try site.certificates(alice, account: alice.account).map(\.isRevoked) == [true])
        #expect(throws: GloveboxError("key.revoked", "")) {
            try site.enrollCertificate(alice, account: alice.account, mine)
        }
    }

    @Test func `a token makes none that may do more than itself, and a rotated one ends`() throws {
        let layout = try Self.found()
        var held: Site? = try Site(opening: layout)
        var site: Site { get throws { try #require(held) } }
        let made = try site.createAccount(name: "alice", roles: [.researcher], by: nil)
        let alice = try site.authenticate(token: made.token)
        #expect(alice.scopes == .all)
        let request = CreateTokenRequest(scopes: [.jobRead, .accountManage], days: 1)
        let reader = try site.createToken(alice, request)
        #expect(reader.info.expires.seconds - reader.info.created.seconds == 86400)
        let limited = try site.authenticate(token: reader.token)
        #expect(limited.scopes == [.jobRead, .accountManage] && limited.account == alice.account)
        #expect(throws: GloveboxError("auth.forbidden", "")) {
            try site.createToken(limited, CreateTokenRequest(scopes: [.jobSubmit]))
        }
        let next = try site.createToken(limited, CreateTokenRequest(scopes: [.jobRead], replaces: true))
        #expect(throws: GloveboxError("auth.missing", "")) { try site.authenticate(token: reader.token) }
        // What the journal tells a restart is the same.
        held = nil  // which lets go of the log
        held = try Site(opening: layout)
        #expect(throws: GloveboxError("auth.missing", "")) { try site.authenticate(token: reader.token) }
        #expect(try site.authenticate(token: next.token).scopes == [.jobRead])
        #expect(try site.tokens(for: alice).count == 2)
        let other = try site.createAccount(name: "bob", roles: [.researcher], by: nil)
        let bob = try site.authenticate(token: other.token)
        #expect(throws: GloveboxError("object.not-found", "")) { try site.revokeToken(bob, id: next.info.id) }
        let boss = Caller(account: "acc_o", name: "o", roles: [.operator])
        _ = try site.revokeToken(boss, id: next.info.id)
        #expect(throws: GloveboxError("auth.missing", "")) { try site.authenticate(token: next.token) }
    }

    private static let task: JSONValue = [
        "name": "t", "executors": [["image": "alpine", "command": ["true"]]],
        "inputs": [["path": "/data/a", "content": "x"]],
    ]

    @Test func `a restart knows the job that a key made`() throws {
        let layout = try Self.found()
        var held: Site? = try Site(opening: layout)
        var site: Site { get throws { try #require(held) } }
        try Self.image(site, layout)
        let alice = Caller(
            account: try site.createAccount(name: "alice", roles: [.researcher], by: nil).account,
            name: "alice",
            roles: [.researcher]
        )
        let key = Idempotency(name: "n", body: .zero)
        let task = try TaskDocument(json: Self.task)
        let first = try site.createTask(alice, task, idempotency: key)
        #expect(try site.createTask(alice, task, idempotency: key) == first)
        held = nil  // which lets go of the log
        held = try Site(opening: layout)
        #expect(try site.createTask(alice, task, idempotency: key) == first)
        let other = Idempotency(name: "n", body: Machine.sha256([1]))
        #expect(throws: GloveboxError("idempotency.reused", "")) {
            try site.createTask(alice, task, idempotency: other)
        }
        #expect(try site.createTask(alice, task, idempotency: nil) != first)
        #expect(try site.task(first, for: alice).document.inputs.first?.content == "x")
        #expect(try site.tasks(for: alice, TaskQuery()).items.count == 2)
        let bob = Caller(account: "acc_b", name: "b", roles: [.researcher])
        #expect(throws: GloveboxError("object.not-found", "")) { try site.task(first, for: bob) }
        #expect(try site.tasks(for: bob, TaskQuery()).items.isEmpty)
    }

    @Test func `without the rule a task waits for people like any plan`() throws {
        let layout = try Self.found("approvals: {no_private_data_rule: false}\njobs: {start_grace_ms: 7}\n")
        let site = try Site(opening: layout)
        try Self.image(site, layout)
        let alice = Caller(account: "acc_a", name: "a", roles: [.researcher])
        let id = try site.createTask(alice, TaskDocument(json: Self.task), idempotency: nil)
        let entry = try #require(site.read { state in state.jobs[id] })
        #expect(entry.needsApproval)
        #expect((entry.job.waiting?.deadline?.milliseconds ?? 0) - entry.job.created.milliseconds == 7)
    }

    @Test(arguments: [
        "server: {listen: \"0.0.0.0:7443\"}", "server: {listen: \"7443\"}", "server: {tls: {cert: a, key: b}}",
        "server: {listen: \"127.0.0.1:1\", tls: {cert: a}}", "server: {nope: 1}", "rate: {reads_per_second: 0}",
        "rate: {nope: 1}", "jobs: {start_grace_ms: -1}", "tes: {full_wait_ms: 3001}", "tes: {enabled: yes please}",
        "approvals: {no_private_data_rule: 1}", "server: {require_mtls: [operator]}",
        "server: {require_mtls: operator}",
        "server: {listen: \"127.0.0.1:1\", tls: {cert: a, key: b, client_ca: c}, require_mtls: [boss]}",
        "server: {cors_origins: [\"*\"]}", "server: {cors_origins: [\"https://a.example/\"]}",
        "server: {cors_origins: [\"null\"]}", "server: {cors_origins: \"https://a.example\"}",
    ])
    func `settings of the API that are not right are refused`(text: String) throws {
        let layout = try Self.found(text + "\n")
        #expect(throws: GloveboxError.self) { try SiteSettings(reading: layout.settings) }
    }

    @Test func `plain HTTP beyond this host needs a loud word`() throws {
        let layout = try Self.found("server: {listen: \"0.0.0.0:7443\", insecure_plain_http: true}\n")
        var settings = try SiteSettings(reading: layout.settings)
        #expect(settings.insecure == ["server.insecure_plain_http"])
        try Self.write("server: {listen: \"127.0.0.1:7443\"}\nrate: {streams: 3}\n", layout)
        settings = try SiteSettings(reading: layout.settings)
        #expect(settings.insecure.isEmpty && settings.server.network?.port == 7443)
        #expect(settings.server.rates.streams == 3 && settings.server.rates.reads.burst == 200)
    }

    @Test func `roles that need a certificate and pages that are let in are read from the settings`() throws {
        let layout = try Self.found(
            """
            server:
              listen: "127.0.0.1:7443"
              tls: {cert: a, key: b, client_ca: c}
              require_mtls: [operator, reviewer]
              cors_origins: ["https://portal.example", "http://[::1]:8080"]

            """
        )
        let settings = try SiteSettings(reading: layout.settings)
        #expect(settings.server.certified == [.operator, .reviewer])
        #expect(settings.server.network?.tls?.isCertificateOptional == true)
        #expect(settings.server.origins == ["https://portal.example", "http://[::1]:8080"])
    }

    @Test func `events tell who has spoken and how far a job is, and nothing of what it wrote`() async throws {
        let site = try TestSite()
        defer { site.site.close() }
        let job = try site.submit("pass")
        try site.site.transition(job, .accepted(needsApproval: true))
        usleep(5000)
        let before = try site.site.look(site.researcher.caller, job: job, after: .start)
        #expect(before.present["waiting"] != nil && !before.present.keys.contains { $0.hasPrefix("vote") })
        let progress = try #require(before.progress?.data.object)
        #expect(progress.names.sorted() == ["job", "phase", "seconds"])
        let waiting = Waiting(
            .approvalQuorum,
            since: Machine.now(),
            on: [.role(.reviewer, need: 2, have: 1), .place(3)]
        )
        var look = Site.Look()
        var info = try site.info(job)
        info = JobInfo(
            id: info.id,
            phase: info.phase,
            since: info.since,
            waiting: waiting,
            message: "",
            planDigest: .zero,
            coreDigest: .zero,
            submitter: "",
            dataset: "",
            mode: .real,
            created: info.created
        )
        look.tell(info, at: Machine.now())
        #expect(look.place == 3 && look.progress?.data["place"] == .integer(3))
        let vote = try #require(look.present["vote role reviewer"])
        #expect(vote.id == nil && vote.data["have"] == .integer(1) && vote.data["need"] == .integer(2))
        #expect(vote.data.object?.names.sorted() == ["have", "job", "kind", "need", "of"])
    }

    @Test func `what happens after the clock was set back is told to those who know a later moment`() async throws {
        let layout = try Self.found()
        let site = try Site(opening: layout)
        try Self.image(site, layout)
        let alice = Caller(account: "acc_a", name: "a", roles: [.researcher])
        let id = try site.createTask(alice, TaskDocument(json: Self.task), idempotency: nil)
        try site.transition(id, .accepted(needsApproval: false))
        let ahead = EventPlace(at: Machine.now().milliseconds + 3_600_000, job: 7, number: 1)
        var phases: [String] = []
        var isFirst = true
        for await event in try await SiteDoor(site).events(alice, job: id, after: ahead.text) {
            if isFirst { try site.transition(id, .cancelled(by: "acc_a")) }
            isFirst = false
            if event.id != nil { phases.append(event.data["phase"]?.string ?? "") }
        }
        #expect(phases.last == "cancelled")
        let now = Machine.now()
        let past = EventPlace(at: now.milliseconds, job: .max, number: .max)
        #expect(past.heeding(now) == past && EventPlace.start.heeding(now) == .start)
        #expect(ahead.heeding(now) < past)
    }

    @Test func `events resume after the last one that was seen`() async throws {
        let layout = try Self.found()
        let site = try Site(opening: layout)
        try Self.image(site, layout)
        let door = SiteDoor(site)
        let alice = Caller(account: "acc_a", name: "a", roles: [.researcher])
        let id = try site.createTask(alice, TaskDocument(json: Self.task), idempotency: nil)
        try site.transition(id, .accepted(needsApproval: false))
        usleep(5000)
        let first = try site.look(alice, job: id, after: .start)
        #expect(first.events.map { $0.event.data["phase"]?.string } == ["accepted", "queued"])
        #expect(!first.isOver && first.present["waiting"]?.name == "waiting")
        let seen = try #require(first.events.first?.event.id)
        try site.transition(id, .cancelled(by: "acc_a"))
        usleep(5000)
        var phases: [String] = []
        for await event in try await door.events(alice, job: id, after: seen) where event.id != nil {
            phases.append(event.data["phase"]?.string ?? "")
        }
        #expect(phases == ["queued", "cancelled"])
        await #expect(throws: GloveboxError("request.invalid", "")) {
            _ = try await door.events(alice, job: id, after: "nonsense")
        }
        let bob = Caller(account: "acc_b", name: "b", roles: [.researcher])
        await #expect(throws: GloveboxError("object.not-found", "")) {
            _ = try await door.events(bob, job: id, after: nil)
        }
        #expect(try site.look(bob, job: nil, after: .start).events.isEmpty)
    }

    @Test(arguments: [
        ("/a/*.txt", "/a/b.txt", true), ("/a/*.txt", "/a/.b.txt", false), ("/a/.*", "/a/.b", true),
        ("/a/*", "/a/b/c", false), ("/a/?", "/a/b", true), ("/a/?", "/a/bc", false), ("/a/[bc]", "/a/c", true),
        ("/a/[!b]", "/a/b", false), ("/a/[b-d]x", "/a/cx", true), ("/a/[", "/a/[", false), ("/*/b", "/a/b", true),
        ("/a/b", "/a/b", true), ("/a/b", "/a/bb", false), ("/a/**", "/a/bb", true), ("/a/*b*c", "/a/xbyc", true),
    ])
    func `patterns match as POSIX says`(pattern: String, path: String, matches: Bool) {
        let parts = path.split(separator: "/").map { Array($0.utf8) }
        #expect(TaskPattern(pattern).matches(parts, orAbove: false) == matches)
    }
}
