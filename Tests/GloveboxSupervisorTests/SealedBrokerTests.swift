import Glibc
import GloveboxAttestation
import GloveboxBroker
import GloveboxCore
import GloveboxStore
import GloveboxTPM
import GloveboxTransparency
import TestSupport
import Testing

@testable import GloveboxSupervisor

/// The broker's secret in a real `swtpm`, with the broker's own process.
@Suite(.serialized) struct SealedBrokerTests {
    private let scratch: String
    private let layout: SiteLayout
    private var owner: String { scratch + "/owner.pem" }

    init() throws {
        scratch = try TestPrograms.scratch()
        // The TPM's directory stands beside the state directory, and its own user must reach it.
        try #require(unsafe chmod(scratch, 0o711) == 0)
        layout = SiteLayout(root: scratch + "/site")
        try SiteFounding.found(
            layout,
            configuration: SiteConfiguration(
                name: "t",
                origin: "log.t.example",
                planQuorum: 1,
                founded: Instant(seconds: Machine.now().seconds)
            ),
            policies: ShippedPolicies.documents()
        )
        try configure("none")
    }

    /// Writes settings, which PCR 14 has; the TPM itself is named at each start.
    private func configure(_ tpm: String) throws {
        try StateFile.write(Array("tpm: \(tpm)\n".utf8), to: layout.settings)
    }

    private func seal(by key: String? = nil) throws -> SealingCeremony.Outcome {
        try SealingCeremony(layout, tpm: .emulated).seal(ownerKey: key ?? owner)
    }

    /// Opens the site, has something done, and closes it.
    private func opened<Value>(tpm: TPMChoice? = .emulated, _ body: (Site) throws -> Value) throws -> Value {
        let site = try Site(opening: layout, tpm: tpm)
        defer { site.close() }
        return try body(site)
    }

    private var sealedFiles: [String] { ["kek.sealed", "kek.policy"].map { layout.attester + "/" + $0 } }

    @Test func `a broker whose secret the TPM keeps opens the same store, and opens it again`() throws {
        let secret = try StateFile.read(layout.broker + "/secret")
        let (before, weaknesses) = try opened { site in
            let keys = try DatasetKeys(bytes: [UInt8](repeating: 7, count: 64))
            _ = try site.broker.enrol(file: "dsv_1", commitment: .zero, keys: keys)
            return (try site.broker.greeting(), try site.weaknesses())
        }
        #expect(before.sealing == "software")
        #expect(weaknesses.contains { $0.contains("keys seal") })
        let outcome = try seal()
        #expect(outcome.keeper == "emulated-swtpm")
        #expect(!StateFile.exists(layout.broker + "/secret"))
        for file in sealedFiles {
            #expect(try StateFile.read(file).firstRange(of: secret) == nil, "\(file) has the secret in the clear")
        }
        try opened { site in
            let after = try site.broker.greeting()
            #expect(after.sealing == "emulated-swtpm" && after.kekID == before.kekID)
            let sealed = try #require(SiteLog.records(site.log).last { $0.kind == .keyRotated })
            let event = try PublicEvent(JSONReader.readCanonical(site.log.entry(sealed.index).leaf), at: sealed.index)
            #expect(event["use"] == "broker-secret" && event["pcr14"] == outcome.pcr.hex && !event.failed)
            #expect(try !site.weaknesses().contains { $0.contains("keys seal") })
            // Keys still go in, and a broker that died is given the secret anew.
            _ = try site.broker.enrol(
                file: "dsv_2",
                commitment: .zero,
                keys: DatasetKeys(bytes: [UInt8](repeating: 8, count: 64))
            )
            let process = try #require(site.broker.process)
            try #require(kill(process, SIGKILL) == 0)
            #expect(throws: GloveboxError("kbs.unavailable", "")) { try site.broker.nonce() }
            #expect(try site.broker.nonce().count == 32)
            #expect(try site.broker.greeting().ledger.count == 2)
        }
    }

    private func enrol(_ file: String, _ site: Site) throws {
        let keys = try DatasetKeys(bytes: [UInt8](repeating: 7, count: 64))
        _ = try site.broker.enrol(file: file, commitment: .zero, keys: keys)
    }

    @Test func `a site that was put back whole opens no data once the TPM's counter has moved`() throws {
        try opened { site in try enrol("dsv_1", site) }
        let outcome = try seal()
        #expect(outcome.entries == 1)
        try opened { site in try enrol("dsv_2", site) }
        // Everything but the TPM: log, ledger, keys, what the owner signed.
        let copied = try TestPrograms.run("/bin/cp", ["-a", layout.root, scratch + "/before"])
        try #require(copied.status == 0)
        // Into the same files, as from a snapshot of the disk; a copy beside would be seen by the log.
        func putBack() throws {
            let done = try TestPrograms.run("/bin/cp", ["-a", scratch + "/before/.", layout.root])
            try #require(done.status == 0)
        }
        try putBack()
        #expect(try opened { site in try site.broker.greeting().ledger.count } == 2, "nothing was spent since")
        try opened { site in try enrol("dsv_3", site) }
        try putBack()
        let refusal = #expect(throws: GloveboxError.self) { try opened { _ in } }
        #expect(refusal?.code == "kbs.rollback" && refusal?.message.contains("1 entries ahead") == true)
        #expect(throws: GloveboxError("kbs.rollback", "")) { try seal() }
        let accepted = try SealingCeremony(layout, tpm: .emulated).seal(ownerKey: owner, acceptingOlderLedger: true)
        #expect(accepted.entries == 2)
        try opened { site in
            try enrol("dsv_4", site)
            let event = try #require(SiteLog.records(site.log).last { $0.kind == .keyRotated })
            let leaf = try PublicEvent(JSONReader.readCanonical(site.log.entry(event.index).leaf), at: event.index)
            #expect(leaf["olderLedger"] == "accepted")
        }
    }

    @Test func `an answer is not used before the TPM's counter stands for it`() throws {
        _ = try seal()
        try opened { site in try enrol("dsv_1", site) }
        let counter = try opened { site in try #require(site.tpm).tpm.counter(TPM.ledgerCounter) }
        // As a crash, or a TPM that is gone, between the entry and the counter.
        try opened { site in
            let secret = BrokerSecret(layout: layout, tpm: site.tpm)
            site.broker.relaunch { launch in
                launch.raise = { value throws(GloveboxError) in
                    if value > counter { throw GloveboxError("tpm.unavailable", "") }
                    try secret.raise(to: value)
                }
            }
            #expect(throws: GloveboxError("tpm.unavailable", "")) { try enrol("dsv_2", site) }
        }
        try opened { site in
            #expect(try site.broker.greeting().ledger.count == 2)
            let moved = try #require(site.tpm).tpm.counter(TPM.ledgerCounter)
            #expect(moved == counter + 1)
        }
    }

    @Test func `without the TPM, with other settings, or with old files the broker gets no secret`() throws {
        try opened { _ in }
        _ = try seal()
        let old = try sealedFiles.map { ($0, try StateFile.read($0)) }
        #expect(throws: GloveboxError("kbs.sealed", "")) { try opened(tpm: TPMChoice.none) { _ in } }
        // Keys are changed without the broker, whose TPM need not be there.
        #expect(try KeyCeremony(layout).rotate(.sct).count == 1)
        try opened { _ in }
        // PCR 14 has the settings.
        try configure("swtpm")
        let refusal = #expect(throws: GloveboxError.self) { try opened { _ in } }
        #expect(refusal?.code == "kbs.sealed" && refusal?.message.contains("kek.state") == true)
        // Another owner's word is none.
        let other = scratch + "/other.pem"
        try StateFile.write(SigningKey().pem, to: other)
        #expect(throws: GloveboxError("kek.policy", "")) { try seal(by: other) }
        #expect(throws: GloveboxError("storage.read", "")) { try seal(by: scratch + "/none.pem") }
        #expect(throws: GloveboxError("kbs.sealed", "")) { try opened { _ in } }
        _ = try seal()
        #expect(try opened { site in try site.broker.greeting().sealing } == "emulated-swtpm")
        // What was signed for the old settings opens nothing any more, with the new settings or the old.
        let new = try sealedFiles.map { ($0, try StateFile.read($0)) }
        for (file, bytes) in old { try StateFile.write(bytes, to: file) }
        #expect(throws: GloveboxError("kbs.sealed", "")) { try opened { _ in } }
        try configure("none")
        let rollback = #expect(throws: GloveboxError.self) { try opened { _ in } }
        #expect(rollback?.code == "kbs.sealed" && rollback?.message.contains("kek.rollback") == true)
        for (file, bytes) in new { try StateFile.write(bytes, to: file) }
        #expect(throws: GloveboxError("kbs.sealed", "")) { try opened { _ in } }
        try configure("swtpm")
        try opened { _ in }
    }

    @Test func `the broker's key is changed while the TPM keeps its secret, and old data open under the new one`()
        throws
    {
        let keys = try DatasetKeys(bytes: [UInt8](repeating: 7, count: 64))
        let before = try opened { site in
            _ = try site.broker.enrol(file: "dsv_1", commitment: .zero, keys: keys)
            return try site.broker.greeting()
        }
        _ = try seal()
        let sealed = try sealedFiles.map { try StateFile.read($0) }
        // Without the TPM nobody opens the store, so nobody changes its key.
        #expect(throws: GloveboxError("kbs.sealed", "")) {
            try KeyCeremony(layout, tpm: TPMChoice.none).rotate(.broker)
        }
        let change = try #require(try KeyCeremony(layout, tpm: .emulated).rotate(.broker).first)
        #expect(change.before == before.kekID && change.now != before.kekID)
        // The secret stays where it was: what the owner signed still opens it, and nothing of it is on the disk.
        #expect(try sealedFiles.map { try StateFile.read($0) } == sealed)
        #expect(!StateFile.exists(layout.broker + "/secret"))
        for round in 1...2 {
            try opened { site in
                let after = try site.broker.greeting()
                #expect(after.kekID == change.now && after.sealing == "emulated-swtpm", "round \(round)")
                #expect(after.historyKey == before.historyKey)
                let listed = try #require(try site.publishedTrust()?.policy.brokers)
                #expect(listed.map(\.kekID).contains(before.kekID) && listed.contains { $0.kekID == change.now })
                // Keys that are there are known under the new one.
                #expect(throws: GloveboxError("kbs.key", "")) {
                    _ = try site.broker.enrol(file: "dsv_1", commitment: .zero, keys: keys)
                }
                let process = try #require(site.broker.process)
                try #require(kill(process, SIGKILL) == 0)
                #expect(throws: GloveboxError("kbs.unavailable", "")) { try site.broker.nonce() }
                #expect(try site.broker.greeting().kekID == change.now)
            }
        }
        // The supervisor seals anew, and the key stays.
        _ = try seal()
        #expect(try opened { site in try site.broker.greeting().kekID } == change.now)
    }

    @Test func `sealing that a crash cut short is finished by the same call`() throws {
        let secret = try StateFile.read(layout.broker + "/secret")
        try opened { _ in }
        _ = try seal()
        // As before the file was removed.
        try StateFile.write(secret, to: layout.broker + "/secret")
        #expect(try opened { site in try site.broker.greeting().sealing } == "emulated-swtpm")
        // As when the counter had moved and nothing was written yet.
        let files = try sealedFiles.map { ($0, try StateFile.read($0)) }
        _ = try seal()
        #expect(!StateFile.exists(layout.broker + "/secret"))
        let policy = files[1]
        let newPolicy = try StateFile.read(policy.0)
        for (file, bytes) in files { try StateFile.write(bytes, to: file) }
        #expect(throws: GloveboxError("kbs.sealed", "")) { try opened { _ in } }
        // As when the policy was written and the key was not.
        try StateFile.write(newPolicy, to: policy.0)
        #expect(throws: GloveboxError("kbs.sealed", "")) { try opened { _ in } }
        _ = try seal()
        try opened { _ in }
        // A secret of another store is not thrown away.
        try StateFile.write([UInt8](repeating: 1, count: 32), to: layout.broker + "/secret")
        #expect(throws: GloveboxError("broker.key", "")) { try seal() }
        #expect(StateFile.exists(layout.broker + "/secret"))
    }
}
