import Glibc
import GloveboxAPI
import GloveboxAttestation
import GloveboxBroker
import GloveboxCore
import GloveboxLinux
import GloveboxPolicy
import GloveboxStore
import GloveboxTransparency
import TestSupport
import Testing

@testable import GloveboxSupervisor

/// The way to a data key, with a real broker in a process of its own.
@Suite(.serialized, .enabled(if: TestPrograms.variable("GLOVEBOX_FAIR_CSV") != nil, "needs GLOVEBOX_FAIR_CSV"))
struct KeyDoorTests {
    private static func shell(_ command: String) throws {
        let outcome = try TestPrograms.run("/bin/sh", ["-ec", command])
        try #require(outcome.status == 0, "\(outcome.output)")
    }

    @Test func `a run is paid for and logged, then has its keys; asking again changes nothing`() throws {
        let place = try KeyDoorSite()
        let job = try place.starting()
        let door = try place.door(job)
        let keys = try #require(try door.open().first)
        let dataset = try place.site.dataset(named: "fair")
        let sealed = try StateFile.read(place.site.layout.datasets + "/" + dataset.file)
        #expect(try !SealedChunks.open(sealed, key: keys.data, label: dataset.file).isEmpty)
        #expect(try place.logged(job) == [.budgetSpent, .keyReleased])
        #expect(try door.open().map(\.bytes) == [keys.bytes])
        #expect(try place.logged(job) == [.budgetSpent, .keyReleased])
        place.site.broker.relaunch { _ in }
        #expect(try place.site.broker.greeting().ledger.count == 3, "keys, a grant and a release, no more")
        #expect(try place.grants().map(\.job) == [job])
        #expect(try place.test.findings().filter { $0.code.hasPrefix("audit.key") }.map(\.code) == [])
        let start = try #require(door.start)
        let claims = try JSONReader.read(Envelope(parsing: start.envelope).payload)["predicate"]
        #expect(claims?["keyRequest"]?["nonce"]?.string.flatMap(Base64.decodeURL)?.count == 32)
        let index = try #require(door.release?.index)
        let event = try PublicEvent(JSONReader.readCanonical(place.site.log.entry(index).leaf), at: index)
        #expect(event["start"] == start.digest.hex && event["hpkeKey"] == door.release?.binding.hpkeKey.hex)
    }

    @Test func `the key of what a run left is of that run alone, and comes with its data's key`() throws {
        let place = try KeyDoorSite()
        let broker = place.site.broker
        let doors = try (0..<2).map { _ in try place.door(place.starting()) }
        let request = try doors[0].request()
        #expect(throws: GloveboxError("kbs.key", "")) { try broker.checkingKey(.zero) }
        let granted = try broker.grant(
            request.evidence,
            nonce: request.nonce,
            file: request.file,
            policy: request.policy
        )
        #expect(throws: GloveboxError("kbs.key", "")) { try broker.checkingKey(granted.grant.request) }
        let access = try doors.map { door in
            _ = try door.open()
            return try #require(door.access)
        }
        let keys = try access.map { try broker.checkingKey($0.grant.request) }
        let history = try broker.greeting().historyKey
        #expect(keys[0].count == 32 && keys[0] != keys[1] && !keys.contains(history))
        broker.relaunch { _ in }
        #expect(try access.map { try broker.checkingKey($0.grant.request) } == keys, "as often as asked")
        // What is kept of the access opens the same data.
        let again = try KeyAccess(json: access[0].json)
        let fair = try place.site.dataset(named: "fair")
        #expect(try again.keys(of: [fair], at: place.site).map(\.bytes) == doors[0].open().map(\.bytes))
    }

    @Test func `a broker follows changes of its key, log and root, gives the same data, and does not go back`() throws {
        var test = try TestSite()
        let first = KeyDoorSite(test)
        let keys = try first.door(first.starting()).open()
        let (before, history) = (try test.site.broker.greeting(), test.site.keys)
        let old = (root: try #require(history.root), trust: try test.site.trust())
        for use in [KeyUse.broker, .log, .root] {
            _ = try test.reopen { layout in try KeyCeremony(layout).rotate(use) }
        }
        let after = try test.site.broker.greeting()
        #expect(after.kekID != before.kekID && after.historyKey == before.historyKey)
        #expect(try test.site.keys.record.current(.broker).key == after.kekID)
        let place = KeyDoorSite(test)
        let door = try place.door(place.starting())
        #expect(try door.open().map(\.bytes) == keys.map(\.bytes))
        #expect(door.release?.binding.kekID == after.kekID)
        // A thief of the old log key cannot show it a release.
        let (grant, index) = (try #require(door.grant), try #require(door.release?.index))
        let file = try place.site.dataset(named: "fair").file
        let (entry, proof) = try place.site.log.proof(index)
        #expect(
            try !place.site.broker.release(grant.request, file: file, entry: entry, proof: proof.bytes).ciphertext
                .isEmpty
        )
        let stolen = try NoteSigner.generate(name: place.site.log.key.name)
        let note = try Checkpoint.open(note: proof.checkpoint, key: place.site.log.key).signed(by: stolen)
        let forged = TlogProof(index: proof.index, hashes: proof.hashes, checkpoint: note)
        #expect(throws: GloveboxError("kbs.log-first", "")) {
            try place.site.broker.release(grant.request, file: file, entry: entry, proof: forged.bytes)
        }
        // Nor does the old root's word count again, whatever version it claims, once its heir was seen.
        var files = Dictionary(uniqueKeysWithValues: old.trust.files.map { ($0.path, $0.content) })
        let policy = try #require(files[TrustFiles.Name.trustPolicy])
        let payload = try Envelope(parsing: policy, expecting: TrustPolicy.payloadType).payload
        var value = try #require(JSONReader.read(payload).object)
        value["version"] = "99"
        files[TrustFiles.Name.trustPolicy] =
            try old.root.key.sign(CanonicalJSON.encode(.object(value)), type: TrustPolicy.payloadType).bytes
        let asked = try place.door(place.starting()).request()
        let evidence = KeyEvidence(
            statement: asked.evidence.statement,
            leaf: asked.evidence.leaf,
            manifest: asked.evidence.manifest,
            manifestEnvelope: asked.evidence.manifestEnvelope,
            votes: asked.evidence.votes,
            trust: files
        )
        let refusal = #expect(throws: GloveboxError("kbs.evidence", "")) {
            try place.site.broker.grant(evidence, nonce: asked.nonce, file: asked.file, policy: asked.policy)
        }
        #expect(refusal?.message.contains("trust.signature") == true)
    }

    @Test func `another HPKE key for the same run is refused`() throws {
        let place = try KeyDoorSite()
        let job = try place.starting()
        _ = try place.door(job).open()
        #expect(throws: GloveboxError("kbs.replay", "")) { try place.door(job).open() }
        #expect(try place.logged(job) == [.budgetSpent, .keyReleased])
    }

    @Test func `a nonce is good for one request; a made-up one for none`() throws {
        let place = try KeyDoorSite()
        let job = try place.starting()
        let door = try place.door(job)
        let (evidence, nonce, file, _, policy) = try door.request()
        _ = try place.site.broker.grant(evidence, nonce: nonce, file: file, policy: policy)
        #expect(throws: GloveboxError("kbs.replay", "")) {
            try place.site.broker.grant(evidence, nonce: nonce, file: file, policy: policy)
        }
        let fresh = try place.site.broker.nonce()
        #expect(throws: GloveboxError("kbs.nonce", "")) {
            try place.site.broker.grant(evidence, nonce: fresh, file: file, policy: policy)
        }
        #expect(throws: GloveboxError("kbs.nonce", "")) {
            try place.site.broker.grant(evidence, nonce: [UInt8](repeating: 0, count: 32), file: file, policy: policy)
        }
        // A broker that was started again knows no nonce of the one before.
        let old = try door.request()
        place.site.broker.relaunch { _ in }
        #expect(throws: GloveboxError("kbs.nonce", "")) {
            try place.site.broker.grant(old.evidence, nonce: old.nonce, file: old.file, policy: old.policy)
        }
    }

    @Test func `no key leaves before the log is shown to have its release`() throws {
        let place = try KeyDoorSite()
        let job = try place.starting()
        let (evidence, nonce, file, _, policy) = try place.door(job).request()
        let grant = try place.site.broker.grant(evidence, nonce: nonce, file: file, policy: policy).grant
        let other = try place.starting()
        let door = try place.door(other)
        _ = try door.open()
        let released = try #require(door.release?.index)
        for index in [0, released] {
            let (entry, proof) = try place.site.log.proof(index)
            #expect(throws: GloveboxError("kbs.log-first", "")) {
                try place.site.broker.release(grant.request, file: file, entry: entry, proof: proof.bytes)
            }
        }
        let (entry, proof) = try place.site.log.proof(released)
        var forged = entry
        let mine = Array(job.utf8)
        if let spot = forged.firstRange(of: Array(other.utf8)) { forged.replaceSubrange(spot, with: mine) }
        for (leaf, bytes) in [(forged, proof.bytes), (entry, []), ([], proof.bytes)] {
            #expect(throws: GloveboxError("kbs.log-first", "")) {
                try place.site.broker.release(grant.request, file: file, entry: leaf, proof: bytes)
            }
        }
        #expect(throws: GloveboxError("kbs.key", "")) {
            try place.site.broker.release(.zero, file: file, entry: entry, proof: proof.bytes)
        }
    }

    @Test func `a policy that is not the plan's, or data that is not enrolled, gets no key`() throws {
        let place = try KeyDoorSite()
        let job = try place.starting()
        let first = try place.door(job).request()
        let other = try #require(ShippedPolicies.documents().first { $0.value["kind"]?.string == "OutputPolicy" })
        let strange = try PolicyChain([other]).json
        #expect(throws: GloveboxError("kbs.evidence", "")) {
            try place.site.broker.grant(first.evidence, nonce: first.nonce, file: first.file, policy: strange)
        }
        let second = try place.door(job).request()
        #expect(throws: GloveboxError("kbs.key", "")) {
            try place.site.broker.grant(second.evidence, nonce: second.nonce, file: "dsv_x", policy: second.policy)
        }
        #expect(try place.grants().isEmpty)
    }

    @Test func `a grant that the supervisor did not live to log is logged at the next start`() throws {
        let place = try KeyDoorSite()
        let job = try place.starting()
        let (evidence, nonce, file, _, policy) = try place.door(job).request()
        _ = try place.site.broker.grant(evidence, nonce: nonce, file: file, policy: policy)
        #expect(try place.logged(job) == [])
        let site = try place.reopened()
        try site.begin()
        let kinds = try SiteLog.records(site.log).filter { $0.job == job }.map(\.kind)
        #expect(kinds.count { $0 == .budgetSpent } == 1 && !kinds.contains(.keyReleased))
        #expect(site.read { state in state.brokerLedger } == (try site.broker.greeting().ledger))
    }

    @Test(arguments: ["ledger", "kek", "."])
    func `a broker's directory that was put back, in part or whole, is refused`(part: String) throws {
        let place = try KeyDoorSite()
        let directory = place.site.layout.broker
        _ = try place.door(place.starting()).open()
        try Self.shell("cp -a \(directory) \(directory).old")
        _ = try place.door(place.starting()).open()
        #expect(throws: GloveboxError("kbs.rollback", "")) {
            try place.reopened { try Self.shell("cp -a \(directory).old/\(part) \(directory)/") }
        }
    }

    @Test func `the broker dies with its supervisor's link`() throws {
        var link: BrokerLink?
        let place = try KeyDoorSite()
        place.site.close()
        link = BrokerLink(.init(daemon: TestPrograms.path("gloveboxd"), directory: place.site.layout.broker))
        _ = try link?.greet(knowing: nil)
        let process = try #require(link?.process)
        #expect(kill(process, 0) == 0)
        link = nil
        #expect(kill(process, 0) != 0)
    }

    @Test func `a broker that does not answer gives no key, and is replaced`() throws {
        let place = try KeyDoorSite()
        place.site.broker.relaunch { $0.timeout = 5 }
        _ = try place.site.broker.nonce()
        let process = try #require(place.site.broker.process)
        try #require(kill(process, SIGSTOP) == 0)
        #expect(throws: GloveboxError("kbs.unavailable", "")) { try place.site.broker.nonce() }
        #expect(kill(process, 0) != 0, "it is gone, and waited for")
        place.site.broker.relaunch { $0.timeout = 60 }
        #expect(try place.site.broker.nonce().count == 32)
    }

    @Test(.enabled(if: Kernel.isHostRoot, "needs root"))
    func `where the broker has no user of its own, the start statement says so`() throws {
        let place = try KeyDoorSite()
        let job = try place.starting()
        func admissions(_ site: Site) throws -> [String] {
            let statement = try place.door(job, site).request().evidence.statement
            let claims = try JSONReader.read(Envelope(parsing: statement).payload)["predicate"]
            return claims?["assurance"]?["notProven"]?.array?.compactMap(\.string) ?? []
        }
        #expect(try !admissions(place.site).contains("separate-broker"))
        let site = try place.reopened { try Self.shell("chown -R 0:0 \(place.site.layout.broker)") }
        #expect(!site.isBrokerSeparate)
        #expect(try admissions(site).contains("separate-broker"))
    }

    @Test(.enabled(if: Kernel.isHostRoot, "needs root"))
    func `under root the broker is another user, whose directory nobody else may enter`() throws {
        let place = try KeyDoorSite()
        let user = try place.site.broker.greeting().user
        #expect(user != 0 && place.site.isBrokerSeparate)
        let process = try #require(place.site.broker.process)
        let status = try Kernel.readText("/proc/\(process)/status")
        #expect(status.contains("Uid:\t\(user)\t\(user)\t\(user)\t\(user)\n"))
        #expect(status.contains("NoNewPrivs:\t1") && status.contains("Groups:\t \n"))
        #expect(status.contains("CapEff:\t0000000000000000"))
        let directory = try Descriptor.open(place.site.layout.broker, O_RDONLY)
        for name in try [Array(".".utf8)] + directory.names() {
            let file = try Descriptor.open(String(decoding: name, as: UTF8.self), O_RDONLY, in: directory)
            let status = try file.status()
            #expect(status.user == user && status.permissions & 0o077 == 0)
        }
    }
}
