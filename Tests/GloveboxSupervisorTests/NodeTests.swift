import Glibc
import GloveboxAPI
import GloveboxAttestation
import GloveboxBroker
import GloveboxCore
import GloveboxJobs
import GloveboxLinux
import GloveboxStore
import GloveboxTransparency
import Synchronization
import TestSupport
import Testing

@testable import GloveboxSupervisor

/// The registry of nodes.
@Suite struct NodeTests {
    private static let boss = Caller(account: "acc_o", name: "o", roles: [.operator])
    private static let day: Int64 = 86400

    private static func found(root offline: String? = nil) throws -> SiteLayout {
        let layout = SiteLayout(root: try TestPrograms.scratch() + "/site")
        let configuration = SiteConfiguration(
            name: "t",
            origin: "log.t.example",
            planQuorum: 1,
            founded: Instant(seconds: Machine.now().seconds)
        )
        try SiteFounding.found(
            layout,
            configuration: configuration,
            policies: ShippedPolicies.documents(),
            rootDirectory: offline
        )
        return layout
    }

    private static func request(_ name: String, _ key: SigningKey = SigningKey()) throws -> String {
        String(decoding: try NodeRequest.make(name: name, key: key).pem, as: UTF8.self)
    }

    /// The node's own certificate, the first of a chain.
    private static func leaf(_ enrolled: EnrolledNode) throws -> [UInt8] {
        let end = "-----END CERTIFICATE-----\n"
        let parts = enrolled.chain.split(separator: end)
        try #require(parts.count == 2)
        return try PEM.decode(Array((parts[0] + end).utf8), label: "CERTIFICATE")
    }

    /// The code of why no jobs may be given to who presents a certificate; nil when they may.
    private static func refusal(_ certificate: [UInt8], _ site: Site, at now: Instant = Machine.now()) -> String? {
        do throws(GloveboxError) {
            _ = try site.node(presenting: certificate, at: now)
            return nil
        } catch { return error.code }
    }

    @Test func `the registry says what a node's certificate is worth, after a restart and a new index too`() throws {
        let layout = try Self.found()
        var held: Site? = try Site(opening: layout)
        var site: Site { get throws { try #require(held) } }
        let key = SigningKey()
        let made = try site.enrollNode(Self.boss, EnrollNodeRequest(request: Self.request("blade-7", key)))
        let certificate = try Self.leaf(made)
        #expect(made.info.name == "blade-7" && made.info.key == key.publicKey.digest)
        #expect(made.info.state == .enrolled && made.info.enrolledBy == Self.boss.account)
        let start = made.info.enrolled
        #expect(abs(made.info.expires.seconds - start.seconds - 90 * Self.day) <= 1)
        #expect(made.info.connectedSince == nil && made.info.jobs.isEmpty)
        #expect(try site.nodeRoots == [site.keys.rootCertificate])
        /// What is so in this process, in the next, and when the index is made anew from the journal.
        func expect(_ code: String?, _ state: NodeInfo.State, sourceLocation: SourceLocation = #_sourceLocation) throws
        {
            for rebuilding in [nil, false, true] {
                if let rebuilding {
                    try site.close()
                    held = nil
                    held = try Site(opening: layout, rebuildingIndex: rebuilding)
                }
                #expect(try Self.refusal(certificate, site) == code, sourceLocation: sourceLocation)
                let list = try site.nodeList()
                #expect(list.map(\.name) == ["blade-7"] && list.map(\.state) == [state], sourceLocation: sourceLocation)
                #expect(list.first?.enrolled == start, sourceLocation: sourceLocation)
            }
        }
        try expect(nil, .enrolled)
        _ = try site.drainNode(Self.boss, name: "blade-7", reason: "new disks")
        try expect("node.draining", .draining)
        #expect(try site.knownNode(presenting: certificate).name == "blade-7")
        #expect(try site.nodeList().map(\.reason) == ["new disks"])
        // Another certificate does not end the draining.
        _ = try site.enrollNode(Self.boss, EnrollNodeRequest(request: Self.request("blade-7", key), days: 1))
        try expect("node.draining", .draining)
        _ = try site.resumeNode(Self.boss, name: "blade-7", reason: "disks are in")
        try expect(nil, .enrolled)
        _ = try site.removeNode(Self.boss, name: "blade-7", reason: "sold")
        try expect("node.removed", .removed)
        let gone = GloveboxError("object.not-found", "")
        #expect(throws: gone) { try site.drainNode(Self.boss, name: "blade-7", reason: "x") }
        #expect(throws: gone) { try site.resumeNode(Self.boss, name: "blade-7", reason: "x") }
        #expect(throws: gone) { try site.removeNode(Self.boss, name: "blade-7", reason: "x") }
        #expect(throws: GloveboxError("key.revoked", "")) {
            try site.enrollNode(Self.boss, EnrollNodeRequest(request: Self.request("blade-7", key)))
        }
        #expect(throws: GloveboxError("key.revoked", "")) {
            try site.enrollNode(Self.boss, EnrollNodeRequest(request: Self.request("blade-8", key)))
        }
        // Another node has the name now; the first one's certificate is worth nothing under it.
        let next = try site.enrollNode(Self.boss, EnrollNodeRequest(request: Self.request("blade-7")))
        #expect(try Self.refusal(Self.leaf(next), site) == nil)
        #expect(try Self.refusal(certificate, site) == "node.removed")
        #expect(try site.nodeList().map(\.state) == [.enrolled, .removed])
        // What the public log tells: the key, and until when. Neither name nor words.
        let kinds: Set<EventKind> = [.nodeEnrolled, .nodeDrained, .nodeResumed, .nodeRemoved]
        let events = try SiteLog.records(site.log).filter { kinds.contains($0.kind) }
        #expect(
            events.map(\.kind) == [
                .nodeEnrolled, .nodeDrained, .nodeEnrolled, .nodeResumed, .nodeRemoved, .nodeEnrolled,
            ]
        )
        for record in events {
            let leaf = try site.log.entry(record.index).leaf
            let text = String(decoding: leaf, as: UTF8.self)
            for word in ["blade-7", "disks", "sold", Self.boss.account] { #expect(!text.contains(word), "\(text)") }
            let event = try PublicEvent(JSONReader.readCanonical(leaf), at: record.index)
            #expect(event["spki"] == (record.index == events.last?.index ? next.info.key : made.info.key).hex)
        }
        try site.close()
    }

    @Test func `a node's certificate ends, and another one or a key of another is refused`() throws {
        let layout = try Self.found()
        let site = try Site(opening: layout)
        defer { site.close() }
        let key = SigningKey()
        let short = try site.enrollNode(Self.boss, EnrollNodeRequest(request: Self.request("a", key), days: 1))
        let certificate = try Self.leaf(short)
        let end = short.info.expires
        #expect(Self.refusal(certificate, site, at: end.adding(seconds: -1)) == nil)
        #expect(Self.refusal(certificate, site, at: end) == "node.expired")
        #expect(Self.refusal(certificate, site, at: short.info.enrolled.adding(seconds: -60)) == "node.expired")
        // What the registry gave longer is no reason to take the certificate that ended.
        let long = try site.enrollNode(Self.boss, EnrollNodeRequest(request: Self.request("a", key), days: 2))
        #expect(long.info.enrolled == short.info.enrolled && long.info.expires > end)
        #expect(Self.refusal(certificate, site, at: end) == "node.expired")
        #expect(try Self.refusal(Self.leaf(long), site, at: end) == nil)
        // Nor is a longer certificate one to believe when the registry gave less since.
        _ = try site.enrollNode(Self.boss, EnrollNodeRequest(request: Self.request("a", key), days: 1))
        #expect(try Self.refusal(Self.leaf(long), site, at: end.adding(seconds: 60)) == "node.expired")
        let other = try Site(opening: Self.found())
        defer { other.close() }
        let foreign = try other.enrollNode(Self.boss, EnrollNodeRequest(request: Self.request("a", key)))
        #expect(try Self.refusal(Self.leaf(foreign), site) == "node.certificate")
        #expect(Self.refusal(site.keys.platform, site) == "node.certificate")
        #expect(Self.refusal([], site) == "node.certificate")
        for days in [0, 366] {
            #expect(throws: GloveboxError("request.invalid", "")) {
                try EnrollNodeRequest(json: EnrollNodeRequest(request: "x", days: days).json)
            }
        }
    }

    @Test func `a name is one key's, and a key one node's and nobody else's`() throws {
        let site = try Site(opening: Self.found())
        defer { site.close() }
        func enroll(_ name: String, _ key: SigningKey) throws {
            _ = try site.enrollNode(Self.boss, EnrollNodeRequest(request: Self.request(name, key)))
        }
        let (first, second) = (SigningKey(), SigningKey())
        try enroll("a", first)
        #expect(throws: GloveboxError("object.conflict", "")) { try enroll("a", second) }
        #expect(throws: GloveboxError("object.conflict", "")) { try enroll("b", first) }
        try enroll("b", second)
        _ = try site.drainNode(Self.boss, name: "a", reason: "x")
        #expect(throws: GloveboxError("object.conflict", "")) { try site.drainNode(Self.boss, name: "a", reason: "x") }
        #expect(throws: GloveboxError("object.conflict", "")) { try site.resumeNode(Self.boss, name: "b", reason: "x") }
        #expect(throws: GloveboxError("object.not-found", "")) { try site.drainNode(Self.boss, name: "A", reason: "x") }
        // A person's key is no node's, and a node's no person's, though either was given up.
        let made = try site.createAccount(name: "alice", roles: [.researcher], by: nil)
        let alice = try site.authenticate(token: made.token)
        func bind(_ key: SigningKey) throws -> CertificateInfo {
            let spki = key.publicKey.spki
            let proof = try key.signature(over: EnrollCertificateRequest.message(account: alice.account, spki: spki))
            return try site.enrollCertificate(
                alice,
                account: alice.account,
                EnrollCertificateRequest(account: alice.account, spki: spki, proof: proof)
            )
        }
        let person = SigningKey()
        let bound = try bind(person)
        #expect(throws: GloveboxError("key.wrong-role", "")) { try enroll("c", person) }
        _ = try site.revokeCertificate(alice, account: alice.account, spki: bound.spki)
        #expect(throws: GloveboxError("key.wrong-role", "")) { try enroll("c", person) }
        #expect(throws: GloveboxError("key.wrong-role", "")) { try bind(first) }
        _ = try site.removeNode(Self.boss, name: "a", reason: "x")
        #expect(throws: GloveboxError("key.wrong-role", "")) { try bind(first) }
        #expect(site.nodeList().map(\.name) == ["b", "a"])
    }

    @Test func `of many who enrol one name at once, one does`() async throws {
        let site = try Site(opening: Self.found())
        defer { site.close() }
        let requests = try (0..<8).map { _ in try Self.request("a") }
        let codes = await withTaskGroup(of: String.self) { group in
            for request in requests {
                group.addTask {
                    do throws(GloveboxError) {
                        _ = try site.enrollNode(Self.boss, EnrollNodeRequest(request: request))
                        return "ok"
                    } catch { return error.code }
                }
            }
            return await group.reduce(into: [String]()) { $0.append($1) }
        }
        #expect(codes.sorted() == [String](repeating: "object.conflict", count: 7) + ["ok"])
        #expect(try SiteLog.records(site.log).count { $0.kind == .nodeEnrolled } == 1)
    }

    @Test func `the signer certifies a node as the log has it, and no other`() throws {
        let site = try Site(opening: Self.found())
        defer { site.close() }
        let request = try NodeRequest.make(name: "a", key: SigningKey())
        let end = Instant(seconds: Machine.now().seconds + Self.day)
        func certification(
            _ spki: Digest,
            _ end: Instant,
            kind: EventKind = .nodeEnrolled,
            in site: Site
        ) throws -> NodeCertification {
            var fields: [(String, JSONValue)] = [("spki", .string(spki.hex))]
            if kind == .nodeEnrolled { fields.append(("notAfter", .string(end.text))) }
            // As a supervisor that was taken over might log it: the registry's own members are there.
            let (entry, proof) = try site.log.proof(
                site.record(
                    Event(kind: kind, entity: spki.hex, fields: fields),
                    ["node": spki.json, "name": "a", "account": "acc_o", "expires": .string(end.text)]
                )
            )
            return NodeCertification(request: request.der, notAfter: end, entry: entry, proof: proof.bytes)
        }
        let good = try certification(request.key.digest, end, in: site)
        let issued = try NodeCertificate(
            site.signer.certify(good),
            issuedBy: site.keys.nodeAuthorities.map(\.certificate)
        )
        #expect(issued.name == "a" && issued.key == request.key.digest && issued.notAfter == end)
        func refuses(_ code: String, _ certification: NodeCertification) {
            #expect(throws: GloveboxError(code, "")) { try site.signer.certify(certification) }
        }
        var wrong = good
        wrong.notAfter = end.adding(seconds: 1)
        refuses("signer.log-first", wrong)
        wrong = good
        wrong.entry.append(0x20)
        refuses("signer.log-first", wrong)
        wrong = good
        wrong.proof = []
        refuses("signer.log-first", wrong)
        wrong = good
        wrong.request = try NodeRequest.make(name: "a", key: SigningKey()).der
        refuses("signer.log-first", wrong)
        wrong = good
        wrong.request[wrong.request.count - 1] ^= 1
        refuses("node.request", wrong)
        refuses("signer.log-first", try certification(.zero, end, in: site))
        refuses("signer.log-first", try certification(request.key.digest, end, kind: .nodeDrained, in: site))
        refuses("cert.issue", try certification(request.key.digest, end.adding(seconds: 1000 * Self.day), in: site))
        let stranger = try Site(opening: Self.found())
        defer { stranger.close() }
        refuses("signer.log-first", try certification(request.key.digest, end, in: stranger))
    }

    @Test func `a node CA is changed, withdrawn, and made for a site whose root is kept off it`() throws {
        let media = try TestPrograms.scratch() + "/root"
        try OfflineRoot.make(in: media, site: "t")
        let layout = try Self.found(root: media)
        // As an earlier version left it: without a node CA.
        try Site(opening: layout).close()
        var json = try #require(JSONReader.readCanonical(StateFile.read(layout.keyring)).object)
        json["keys"] = .array(json["keys"]?.array?.filter { $0["use"]?.string != "nodes" } ?? [])
        try StateFile.write(CanonicalJSON.encode(.object(json)), to: layout.keyring)
        let request = EnrollNodeRequest(request: try Self.request("a"))
        do {
            let site = try Site(opening: layout)
            defer { site.close() }
            #expect(throws: GloveboxError("node.authority", "")) { try site.enrollNode(Self.boss, request) }
            #expect(site.nodeList().isEmpty && site.nodeRoots.isEmpty)
        }
        #expect(throws: GloveboxError("key.root-offline", "")) { try KeyCeremony(layout).rotate(.nodes) }
        let first = try KeyCeremony(layout, rootDirectory: media).rotate(.nodes)
        #expect(first.map(\.use) == [.nodes] && first.first?.before == nil)
        let certificate: [UInt8]
        do {
            let site = try Site(opening: layout)
            defer { site.close() }
            certificate = try Self.leaf(site.enrollNode(Self.boss, request))
            // Longer than the CA's own.
            #expect(throws: GloveboxError("node.authority", "")) {
                try site.enrollNode(Self.boss, EnrollNodeRequest(request: request.request, days: 1000))
            }
        }
        // Certificates of the CA before go on, until its key is withdrawn.
        let change = try #require(KeyCeremony(layout, rootDirectory: media).rotate(.nodes).first)
        let before = try #require(change.before)
        #expect(before == first.first?.now)
        do {
            let site = try Site(opening: layout)
            defer { site.close() }
            #expect(Self.refusal(certificate, site) == nil)
            let records = try SiteLog.records(site.log).filter { $0.kind == .keyRotated || $0.kind == .keyCreated }
            #expect(records.suffix(2).map(\.kind) == [.keyCreated, .keyRotated])
        }
        let from = Instant(seconds: Machine.now().seconds)
        _ = try KeyCeremony(layout, rootDirectory: media).revoke(before, reason: .compromised, from: from)
        let site = try Site(opening: layout)
        defer { site.close() }
        #expect(Self.refusal(certificate, site) == "node.certificate")
        let renewed = try Self.leaf(site.enrollNode(Self.boss, request))
        #expect(Self.refusal(renewed, site) == nil)
    }

    @Test func `connections of a node are told, and ended when it is removed`() throws {
        let site = try Site(opening: Self.found())
        defer { site.close() }
        let made = try site.enrollNode(Self.boss, EnrollNodeRequest(request: Self.request("a")))
        let other = try site.enrollNode(Self.boss, EnrollNodeRequest(request: Self.request("b")))
        let ended = Mutex<[String]>([])
        let early = Instant(seconds: 100)
        let one = site.nodes.open(made.info.key, at: Instant(seconds: 200)) { ended.withLock { $0.append("one") } }
        let two = site.nodes.open(made.info.key, at: early) { ended.withLock { $0.append("two") } }
        let three = site.nodes.open(other.info.key, at: early) { ended.withLock { $0.append("three") } }
        site.nodes.run("job_y", over: one)
        site.nodes.run("job_x", over: two)
        site.nodes.run("job_z", over: three)
        #expect(site.nodeList().map(\.connectedSince) == [early, early])
        #expect(site.nodeList().map(\.jobs) == [["job_x", "job_y"], ["job_z"]])
        site.nodes.run(nil, over: two)
        site.nodes.close(three)
        #expect(site.nodeList().map(\.jobs) == [["job_y"], []])
        #expect(site.nodeList().map(\.connectedSince) == [early, nil])
        _ = try site.drainNode(Self.boss, name: "a", reason: "x")
        #expect(ended.withLock { $0 } == [], "what runs there may end")
        let removed = try site.removeNode(Self.boss, name: "a", reason: "x")
        #expect(Set(ended.withLock { $0 }) == ["one", "two"])
        #expect(removed.state == .removed)
        #expect(site.nodeList().allSatisfy { $0.connectedSince == nil && $0.jobs.isEmpty })
    }

    @Test func `a node that was given no certificate asks again`() throws {
        let layout = try Self.found()
        let site = try Site(opening: layout)
        defer { site.close() }
        let request = EnrollNodeRequest(request: try Self.request("a"))
        let key = layout.signerKeys + "/nodes.key"
        site.signer.close()
        try #require(unsafe rename(key, key + ".away") == 0)
        #expect(throws: GloveboxError("key.missing", "")) { try site.enrollNode(Self.boss, request) }
        #expect(site.nodeList().map(\.state) == [.enrolled])
        try #require(unsafe rename(key + ".away", key) == 0)
        let made = try site.enrollNode(Self.boss, request)
        #expect(try Self.refusal(Self.leaf(made), site) == nil)
        #expect(site.nodeList().map(\.name) == ["a"])
    }

    @Test func `operators and monitors are told before a node's certificate ends`() async throws {
        let layout = try Self.found()
        let settings = "jobs: {executor: worker, nodes: {listen: \"127.0.0.1:1\", tls: {cert: a.pem, key: a.key}}}\n"
        try StateFile.write(Array(settings.utf8), to: layout.settings)
        let site = try Site(opening: layout)
        defer { site.close() }
        let watch = SiteWatch(site)
        func told() async throws -> ReadinessCheck {
            try #require(await watch.readiness().first { $0.name == "nodes" })
        }
        for (name, days) in [("far", 90), ("near", 7), ("gone", 3)] {
            _ = try site.enrollNode(Self.boss, EnrollNodeRequest(request: Self.request(name), days: days))
        }
        _ = try site.removeNode(Self.boss, name: "gone", reason: "sold")
        let check = try await told()
        #expect(check.problem == nil, "the site is ready all the same")
        let notice = try #require(check.notice)
        #expect(notice.contains("the certificate of near ends in 6 d"), "\(notice)")
        #expect(!notice.contains("far") && !notice.contains("gone"), "\(notice)")
        let json = check.json
        #expect(json["ok"] == true && json["notice"]?.string == notice)
        #expect(ReadinessCheck("log").json["notice"] == nil)
        let text = site.metrics(at: Machine.now()).map(\.text).joined()
        let lines = text.split(separator: "\n").filter { $0.hasPrefix("glovebox_node_certificate_seconds{") }
        #expect(lines.count == 2, "\(lines)")
        let near = try #require(lines.first { $0.contains("\"near\"") }?.split(separator: " ").last)
        let left = try #require(Double(near))
        #expect((6.9 * 86400...7 * 86400).contains(left), "\(left)")
        let later = site.metrics(at: Machine.now().adding(seconds: 8 * Self.day)).map(\.text).joined()
        #expect(later.contains("glovebox_node_certificate_seconds{node=\"near\"} -"))
    }

    @Test func `a restored backup knows the site's nodes`() throws {
        let site = try Site(opening: Self.found())
        let made = try site.enrollNode(Self.boss, EnrollNodeRequest(request: Self.request("a")))
        let gone = try site.enrollNode(Self.boss, EnrollNodeRequest(request: Self.request("b")))
        _ = try site.removeNode(Self.boss, name: "b", reason: "x")
        let place = try TestPrograms.scratch()
        let (data, keys) = (place + "/data", place + "/keys")
        _ = try site.backUp(Self.boss, BackupRequest(directory: data, keys: keys))
        let list = site.nodeList()
        site.close()
        let layout = SiteLayout(root: place + "/state")
        try SiteRestoration(data: data, keys: keys, newest: .noneKept).restore(to: layout)
        let restored = try Site(opening: layout)
        defer { restored.close() }
        #expect(restored.nodeList().map(\.json) == list.map(\.json))
        #expect(try Self.refusal(Self.leaf(made), restored) == nil)
        #expect(try Self.refusal(Self.leaf(gone), restored) == "node.removed")
        let another = try restored.enrollNode(Self.boss, EnrollNodeRequest(request: Self.request("c")))
        #expect(try Self.refusal(Self.leaf(another), restored) == nil)
    }
}
