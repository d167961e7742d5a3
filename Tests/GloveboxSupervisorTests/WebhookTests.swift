import Glibc
import GloveboxAPI
import GloveboxCore
import GloveboxJobs
import GloveboxLinux
import GloveboxStore
import GloveboxTransparency
import Synchronization
import TestSupport
import Testing

@testable import GloveboxSupervisor

/// What webhooks are told, when, and where they may go.
@Suite struct WebhookTests {
    private static let start = Instant(seconds: 1_795_536_600)

    @Test func `a failed try waits 10 s to 6 h, twice as long each time; a day's news are given up, three days end it`()
    {
        var progress = WebhookProgress(created: Self.start, at: Self.start)
        var now = Self.start
        var pauses: [Int64] = []
        var place = progress.place
        while !progress.isOver(at: now) {
            progress.fail(at: now)
            pauses.append(progress.next.seconds - now.seconds)
            #expect(progress.failingSince == Self.start)
            #expect(progress.place.at >= now.milliseconds - 86_400_000, "what is a day old is given up")
            #expect(progress.place >= place)
            place = progress.place
            now = progress.next
        }
        #expect(pauses.prefix(12) == [10, 20, 40, 80, 160, 320, 640, 1280, 2560, 5120, 10240, 20480])
        #expect(pauses.dropFirst(12).allSatisfy { $0 == 21600 })
        #expect(now.seconds - Self.start.seconds >= 3 * 86400)
        #expect(WebhookProgress(progress.bytes) == progress)
        let places = [1, 2, 2].map { EventPlace(at: now.milliseconds + $0, job: 0, number: 0) }
        progress.succeed(0, of: places)
        #expect(progress.failingSince == nil && progress.tries == 0 && progress.next < now)
        #expect(progress.place == places[0])
        progress.succeed(1, of: places)
        #expect(progress.place == places[0], "another message of that place is left")
        progress.succeed(2, of: places)
        #expect(progress.place == places[2])
        #expect(WebhookProgress(progress.bytes) == progress)
        #expect(WebhookProgress(Array("{}".utf8)) == nil)
        let lost = WebhookProgress(created: Self.start, at: Self.start.adding(seconds: 3 * 86400))
        #expect(lost.place.at == Self.start.milliseconds + 2 * 86_400_000, "what is not known is sent again, of a day")
    }

    /// A site without settings but these, and a webhook of an operator's that is told of alerts.
    private static func site(
        _ settings: String,
        port: Int,
        at root: String? = nil
    ) throws -> (layout: SiteLayout, site: Site, caller: Caller, webhook: Webhook) {
        let layout = SiteLayout(root: try root ?? TestPrograms.scratch())
        let configuration = SiteConfiguration(
            name: "t",
            origin: "log.t.example",
            planQuorum: 1,
            founded: Instant(seconds: Machine.now().seconds)
        )
        try SiteFounding.found(layout, configuration: configuration, policies: ShippedPolicies.documents())
        if !settings.isEmpty {
            try Descriptor.open(layout.settings, O_WRONLY | O_CREAT, mode: 0o600).write(Array(settings.utf8))
        }
        let site = try Site(opening: layout)
        let made = try site.createAccount(name: "carol", roles: [.operator], by: nil)
        let caller = try site.authenticate(token: made.token)
        let request = CreateWebhookRequest(url: "https://receiver.test:\(port)/x", events: [.logAlert])
        let id = try site.addWebhook(caller, request).info.id
        return (layout, site, caller, try site.webhook(id, of: caller))
    }

    @Test func `a name is looked up for each connection, which goes to the address that was looked at`() async throws {
        let hello = Mutex<[UInt8]>([])
        let server = try TestServer { request in
            hello.withLock { $0 += request }
            return .bytes([])
        }
        let (_, site, _, webhook) = try Self.site(
            "webhooks: {allow_private_nets: [127.0.0.1/32]}",
            port: server.port
        )
        defer { site.close() }
        let addresses = Mutex(["127.0.0.1"])
        let courier = WebhookCourier(site, resolve: { _ in addresses.withLock { $0 } })
        // No resolver knows the name: only what was looked at can have led there. The server is none of TLS.
        #expect(try await courier.trial(of: webhook).code == "webhook.unreachable")
        // It reads until the caller has given up, so it may know a moment later.
        for _ in 0..<200 where hello.withLock({ $0.isEmpty }) { try await Task.sleep(for: .milliseconds(50)) }
        let named = hello.withLock { String(decoding: $0, as: UTF8.self) }
        #expect(named.contains("receiver.test"), "the certificate is to be one of the name")
        hello.withLock { $0 = [] }
        for address in ["127.0.0.2", "10.0.0.1", "::1", "169.254.169.254"] {
            addresses.withLock { $0 = [address] }
            #expect(try await courier.trial(of: webhook).code == "webhook.address", "\(address)")
        }
        #expect(hello.withLock { $0.isEmpty })
    }

    @Test func `a test message waits its turn behind those on their way, and not for ever`() async throws {
        let (_, site, _, webhook) = try Self.site("webhooks: {allow_private_nets: [127.0.0.1/32]}", port: 1)
        defer { site.close() }
        let courier = WebhookCourier(site, resolve: { _ in ["10.0.0.1"] })
        #expect(site.couriers.begin(webhook))
        let conflict = await #expect(throws: GloveboxError.self) {
            try await courier.trial(of: webhook, patience: .milliseconds(60))
        }
        #expect(conflict?.code == "object.conflict")
        async let trial = courier.trial(of: webhook)
        try await Task.sleep(for: .milliseconds(120))
        site.couriers.leave(webhook)
        #expect(try await trial.code == "webhook.address")
        #expect(site.couriers.begin(webhook), "who is through is no longer on the way")
    }

    @Test(.enabled(if: geteuid() == 0, "needs root, to mount a small disk"))
    func `that the log takes no events is told although no event can say so, once`() throws {
        let disk = try TestPrograms.scratch()
        let options = ["-t", "tmpfs", "-o", "size=200m,mode=700", "tmpfs", disk]
        try #require(try TestPrograms.run("/usr/bin/mount", options).status == 0)
        defer { unsafe _ = umount2(disk, Int32(MNT_DETACH)) }
        let (_, site, _, webhook) = try Self.site("", port: 443, at: disk + "/state")
        defer { site.close() }
        let start = WebhookProgress(created: webhook.created, at: Machine.now()).place
        #expect(try site.messages(to: webhook, after: start, most: 10).messages.isEmpty)
        _ = try TestPrograms.run("/bin/dd", ["if=/dev/zero", "of=\(disk)/full", "bs=64k"])
        #expect(throws: GloveboxError.self) {
            for _ in 0..<1000 { try site.record(Event(kind: .sitePaused), ["reason": "x"]) }
        }
        let code = try #require(site.log.refusal?.code)
        // It is told a moment after it is first seen.
        var told = try site.messages(to: webhook, after: start, most: 10)
        #expect(
            try eventually {
                told = try site.messages(to: webhook, after: start, most: 10)
                return !told.messages.isEmpty
            }
        )
        let texts = told.messages.map { String(decoding: $0.body, as: UTF8.self) }
        #expect(texts.count == 1 && texts[0].contains("\"code\":\"\(code)\""), "\(texts)")
        #expect(texts[0].contains("\"type\":\"log.alert\""), "\(texts)")
        #expect(try site.messages(to: webhook, after: told.place, most: 10).messages.isEmpty)
    }

    @Test func `a webhook is told what happens after the clock was set back`() async throws {
        let (layout, site, caller, webhook) = try Self.site("", port: 443)
        defer { site.close() }
        let now = Machine.now()
        var ahead = WebhookProgress(created: now, at: now)
        ahead.place = EventPlace(at: now.milliseconds + 3_600_000, job: 7, number: 1)
        try StateFile.makeDirectory(layout.webhooks)
        try StateFile.write(ahead.bytes, to: layout.webhooks + "/" + webhook.id)
        let courier = WebhookCourier(
            site,
            resolve: { _ throws(GloveboxError) in throw GloveboxError("webhook.unresolved", "no such name") }
        )
        await courier.deliver(to: webhook)
        try site.record(Event(kind: .incidentOpened, entity: "x"))
        for _ in 0..<500 where site.webhooks(for: caller)[0].failingSince == nil {
            await courier.deliver(to: webhook)
            try await Task.sleep(for: .milliseconds(10))
        }
        #expect(site.webhooks(for: caller)[0].failingSince != nil, "it was tried to tell")
    }

    @Test func `a webhook that fails for three days is disabled, which stands in the log and lasts`() async throws {
        var (layout, site, caller, webhook) = try Self.site("", port: 443)
        try site.record(Event(kind: .incidentOpened, entity: "x"))
        let ahead = Mutex<Int64>(1)
        let courier = WebhookCourier(
            site,
            resolve: { _ throws(GloveboxError) in throw GloveboxError("webhook.unresolved", "no such name") },
            clock: { Machine.now().adding(seconds: ahead.withLock { $0 }) }
        )
        // The alert is told of once it is a moment old.
        while site.webhooks(for: caller)[0].failingSince == nil { await courier.deliver(to: webhook) }
        #expect(site.webhooks(for: caller)[0].state == .active)
        ahead.withLock { $0 = 3 * 86400 + 60 }
        await courier.deliver(to: webhook)
        #expect(site.webhooks(for: caller)[0].state == .disabled)
        let events = try SiteLog.records(site.log).filter { $0.kind == .webhookDisabled }
        #expect(events.map { $0.json["webhook"]?.string } == [webhook.id])
        site.close()
        site = try Site(opening: layout)
        defer { site.close() }
        webhook = try site.webhook(webhook.id, of: caller)
        #expect(webhook.isDisabled)
        _ = try site.removeWebhook(caller, id: webhook.id)
        #expect(site.webhooks(for: caller).isEmpty)
        caller = Caller(account: caller.account, name: "", roles: caller.roles, scopes: [.accountManage])
        let request = CreateWebhookRequest(url: "https://receiver.test/", events: [.logAlert])
        #expect(throws: GloveboxError("auth.forbidden", "")) { try site.addWebhook(caller, request) }
    }

    @Test(arguments: [
        ("8.8.8.8", true), ("1.1.1.1", true), ("172.15.0.1", true), ("172.32.0.1", true), ("2606:4700::1", true),
        ("::ffff:8.8.8.8", true), ("127.0.0.1", false), ("10.1.2.3", false), ("172.16.0.1", false),
        ("172.31.255.255", false), ("192.168.1.1", false), ("169.254.169.254", false), ("100.64.0.1", false),
        ("0.0.0.0", false), ("224.0.0.1", false), ("255.255.255.255", false), ("240.0.0.1", false),
        ("198.18.0.1", false), ("192.0.2.1", false), ("::1", false), ("::", false), ("fe80::1", false),
        ("fe80::1%eth0", false), ("fc00::1", false), ("ff02::1", false), ("2001:db8::1", false),
        ("2002:a00:1::", false),
        ("64:ff9b::a00:1", false), ("2001::1", false), ("::ffff:127.0.0.1", false), ("localhost", false), ("", false),
    ])
    func `only addresses of the open internet are public`(address: String, isPublic: Bool) {
        #expect(HostAddresses.isPublic(address) == isPublic)
    }

    @Test func `an operator's ranges are allowed, and no others`() throws {
        let section: JSONValue = ["allow_private_nets": ["10.1.0.0/16", "::1"]]
        let settings = try WebhookSettings(section, folder: "/x")
        for (address, isAllowed) in [
            ("10.1.2.3", true), ("10.2.2.3", false), ("::1", true), ("::2", false), ("8.8.8.8", true),
        ] { #expect(settings.allows(address) == isAllowed, "\(address)") }
        for wrong in ["10.1.0.0/8", "x"] {
            #expect(throws: GloveboxError("config.invalid", "")) {
                try WebhookSettings(["allow_private_nets": [.string(wrong)]], folder: "/x")
            }
        }
    }

    @Test func `a signature is the HMAC-SHA-256 that openssl makes, under a secret of its webhook's own`()
        throws
    {
        let key = [UInt8](repeating: 7, count: 32)
        let secret = Webhook.secret(of: "whk_a", under: key)
        #expect(secret != Webhook.secret(of: "whk_b", under: key))
        #expect(secret.utf8.count == 68)
        let header = Webhook.signature(of: Array("{\"id\":1}".utf8), at: Self.start, secret: secret)
        let openssl = try TestPrograms.run(
            "/bin/sh",
            ["-c", "printf '%s' '1795536600.{\"id\":1}' | openssl dgst -sha256 -hmac \(secret) -r"]
        )
        #expect(header == "t=1795536600,v1=\(openssl.output.prefix(64))")
    }

    @Test func `those who may vote are told that a plan needs them, and nobody of their own`() {
        func caller(_ account: String, _ roles: Set<Role>) -> Caller {
            Caller(account: account, name: "n", roles: roles)
        }
        func topics(_ phase: JobPhase, _ caller: Caller) -> [WebhookTopic] {
            Site.topics(of: phase, submitter: "acc_a", to: caller)
        }
        #expect(topics(.awaitingApproval, caller("acc_b", [.reviewer])) == [.jobPhase, .jobWaiting, .approvalNeeded])
        #expect(topics(.awaitingApproval, caller("acc_a", [.reviewer])) == [.jobPhase, .jobWaiting])
        #expect(topics(.awaitingApproval, caller("acc_b", [.researcher])) == [.jobPhase, .jobWaiting])
        #expect(topics(.awaitingApproval, caller("acc_b", [.operator])) == [.jobPhase, .jobWaiting])
        #expect(topics(.awaitingReview, caller("acc_b", [.reviewer])) == [.jobPhase, .jobWaiting])
        #expect(topics(.released, caller("acc_b", [.reviewer])) == [.jobPhase, .releaseReady])
        #expect(topics(.running, caller("acc_b", [.owner])) == [.jobPhase])
    }
}
