import Glibc
import GloveboxAPI
import GloveboxAttestation
import GloveboxCore
import GloveboxJobs
import GloveboxLinux
import GloveboxStore
import GloveboxTransparency
import TestSupport
import Testing

@testable import GloveboxSupervisor

/// The rotation drill: a site changes every key, with reports before and after.
@Suite(.serialized) struct KeyRotationTests {
    private static let hasData = TestPrograms.variable("GLOVEBOX_FAIR_CSV") != nil

    /// A job's evidence and the trust files that came with it.
    private struct Receipt {
        let evidence: [String: [UInt8]]
        let trust: [String: [UInt8]]

        init(_ files: NamedFiles) {
            let all = Dictionary(files.files.map { ($0.path, $0.content) }) { first, _ in first }
            trust = all.filter { TrustFiles.Name.all.contains($0.key) }
            evidence = all.filter { !TrustFiles.Name.all.contains($0.key) && $0.key != NamedFiles.padding }
        }
    }

    /// Runs a job to its report; it cannot be mounted, and is reported all the same.
    private func run(_ test: TestSite) throws -> (job: String, receipt: Receipt) {
        let job = try test.submit("print(1)\n")
        try test.vote(.approve, on: job)
        _ = try test.wait(for: job) { $0.evidence != nil && $0.job.phase.isTerminal }
        return (job, Receipt(try test.shownReceipt(job)))
    }

    private func refusals(_ evidence: [String: [UInt8]], _ trust: [String: [UInt8]]) -> [String] {
        var options = VerifyOptions()
        options.acceptEmulated = true
        let verdict = ReportVerifier.verify(evidence: evidence, trust: trust, options: options)
        // A report that is made here has no bundle, which is refused by itself.
        return verdict.checks.filter { $0.status == .failed && $0.id != "bundle.made" }.map(\.reason)
    }

    private func trust(_ test: TestSite) throws -> [String: [UInt8]] {
        Dictionary(uniqueKeysWithValues: try test.site.trust().files.map { ($0.path, $0.content) })
    }

    @Test(.enabled(if: hasData, "needs GLOVEBOX_FAIR_CSV"))
    func `every key changed: old reports verify, new ones verify, and new ones under old keys are refused`() throws {
        var test = try TestSite()
        try test.start()
        let (_, first) = try run(test)
        #expect(refusals(first.evidence, first.trust) == [])
        let stolen = try OldKeys(test.site.keys, test.layout)
        let before = test.site.keys
        // Each use in turn; what the first report says verifies under each of the trust configurations in between.
        for use in KeyUse.allCases.reversed() {
            _ = try test.reopen { layout in try KeyCeremony(layout).rotate(use) }
            #expect(refusals(first.evidence, try trust(test)) == [], "after \(use)")
        }
        let (people, oldKeys) = try test.changePeoplesKeys()
        for key in oldKeys {
            let revoked = try test.reopen { layout in
                try KeyCeremony(layout).revoke(key, reason: .superseded, from: Instant(seconds: Machine.now().seconds))
            }
            #expect(revoked.reason == .superseded)
        }
        try test.start()
        let keys = test.site.keys
        for use in KeyUse.allCases {
            #expect(try keys.record.current(use).key != before.record.current(use).key, "\(use)")
            for entry in keys.record.all(use).dropFirst() {
                let isGone = test.layout.secret(entry).map { !StateFile.exists($0) } ?? true
                #expect(isGone, "the old key of \(use) is still there")
            }
        }
        let (job, second) = try run(test)
        let now = try trust(test)
        #expect(refusals(first.evidence, now) == [])
        #expect(refusals(second.evidence, now) == [])
        // The new configuration follows from the old, and not the other way round.
        #expect(try TrustUpdate.check(now, after: first.trust) > 1)
        #expect(throws: GloveboxError("trust.rollback", "")) { try TrustUpdate.check(first.trust, after: now) }
        #expect(refusals(second.evidence, first.trust).contains("cert.chain"))

        // A thief with copies of the old keys; with the new ones the same report verifies.
        let own = try OldKeys(keys, test.layout)
        var now2 = own
        #expect(refusals(try now2.report(second.evidence, of: job, at: test.site), now) == [])
        #expect(refusals(try stolen.report(second.evidence, of: job, at: test.site), now).contains("key.expired"))
        now2.timestamps = stolen.timestamps
        #expect(refusals(try now2.report(second.evidence, of: job, at: test.site), now) == ["key.expired"])
        now2 = own
        (now2.timeChain, now2.timeAuthority) = (stolen.timeChain, stolen.timeAuthority)
        #expect(refusals(try now2.report(second.evidence, of: job, at: test.site), now) == ["key.expired"])
        now2 = own
        (now2.platform, now2.root) = (stolen.platform, stolen.root)
        let forged = try now2.report(second.evidence, of: job, at: test.site)
        now2 = own
        now2.log = stolen.log
        #expect(refusals(try now2.report(second.evidence, of: job, at: test.site), now) == ["key.expired"])
        #expect(refusals(forged, now) == ["key.expired"])

        // The site itself takes nothing that an old key signed.
        let ghost = people.at(test)
        #expect(throws: GloveboxError("key.revoked", "")) { try ghost.submit("print(2)\n") }
        let waiting = try test.submit("print(3)\n")
        #expect(throws: GloveboxError("key.revoked", "")) { try ghost.vote(.approve, on: waiting) }

        // Revoked from a time on: what was logged before it still counts.
        let platform = try before.record.current(.platform).key
        let from = try #require(keys.record.all(.platform).last?.to)
        _ = try test.reopen { layout in
            #expect(throws: GloveboxError("key.in-use", "")) {
                let current = try keys.record.current(.platform).key
                return try KeyCeremony(layout).revoke(current, reason: .compromised, from: from)
            }
            return try KeyCeremony(layout).revoke(platform, reason: .compromised, from: from)
        }
        let last = try trust(test)
        #expect(refusals(first.evidence, last) == [])
        #expect(Set(refusals(forged, last)) == ["key.expired", "key.revoked"])
        #expect(throws: GloveboxError("trust.rollback", "")) { try TrustUpdate.check(now, after: last) }
    }

    @Test(.enabled(if: hasData, "needs GLOVEBOX_FAIR_CSV"))
    func `while the log's keys overlap both sign, and the witness's both cosign; then the old ones are gone`() throws {
        var test = try TestSite()
        try test.start()
        let before = test.site.keys
        for use in [KeyUse.log, .witness] {
            _ = try test.reopen { layout in try KeyCeremony(layout).rotate(use, overlap: 3600) }
        }
        let event = try #require(SiteLog.records(test.site.log).first { $0.kind == .logKeyRotated })
        #expect(
            try PublicEvent(JSONReader.readCanonical(test.site.log.entry(event.index).leaf), at: event.index)["now"]
                == test.site.log.key.vkey
        )
        try test.start()
        let (_, receipt) = try run(test)
        #expect(refusals(receipt.evidence, receipt.trust) == [])
        let note = try SignedNote(
            parsing: TlogProof(parsing: #require(receipt.evidence[EvidenceFiles.proof])).checkpoint
        )
        #expect(before.log.key != test.site.log.key)
        for key in [before.log.key, test.site.log.key] { try note.verify(key: key) }
        #expect(test.site.keys.formerWitnesses.map(\.cosigner.key) == [before.witness.key])
        // A reader who kept the trust configuration of before finds the key that it lists in the bundle.
        let bundle = try JSONReader.read(#require(receipt.evidence[EvidenceFiles.bundle]))
        let named = bundle["verificationMaterial"]?["tlogEntries"]?.array?.first?["logId"]?["keyId"]?.string
        #expect(named == Base64.encode(before.log.key.logID))
        // The next change ends it.
        for use in [KeyUse.log, .witness] {
            _ = try test.reopen { layout in try KeyCeremony(layout).rotate(use) }
            let left = test.site.keys.record.all(use).filter { test.layout.secret($0).map(StateFile.exists) == true }
            #expect(left.map(\.key) == [try test.site.keys.record.current(use).key])
        }
        let found = refusals(receipt.evidence, try trust(test))
        #expect(found == [])
    }

    @Test(.enabled(if: hasData, "needs GLOVEBOX_FAIR_CSV"))
    func `a job that waits on a key revoked meanwhile is not run`() throws {
        var test = try TestSite()
        let job = try test.submit("print(1)\n")
        try test.vote(.approve, on: job)
        let (_, old) = try test.changePeoplesKeys()
        _ = try test.reopen { layout in
            try KeyCeremony(layout).revoke(old[1], reason: .withdrawn, from: Instant(seconds: Machine.now().seconds))
        }
        try test.start()
        _ = try test.wait(for: job) { entry in entry.job.transitions.contains { $0.phase == .queued } }
        let entry = try test.wait(for: job) { $0.job.phase == .awaitingApproval }
        #expect(entry.job.phase == .awaitingApproval && entry.job.runs.isEmpty, "\(entry.job.phase)")
    }

    @Test func `a root kept off the site certifies, signs when it is there, and hands over to the next`() throws {
        let scratch = try TestPrograms.scratch()
        let (media, next) = (scratch + "/root", scratch + "/next")
        let layout = SiteLayout(root: scratch + "/site")
        try OfflineRoot.make(in: media, site: "t")
        #expect(throws: GloveboxError("site.exists", "")) { try OfflineRoot.make(in: media, site: "t") }
        let founded = Instant(seconds: Machine.now().seconds)
        try SiteFounding.found(
            layout,
            configuration: SiteConfiguration(name: "t", origin: "log.t.example", planQuorum: 1, founded: founded),
            policies: ShippedPolicies.documents(),
            rootDirectory: media
        )
        func trust() throws -> [String: [UInt8]] {
            var files: [String: [UInt8]] = [:]
            for name in TrustFiles.Name.all { files[name] = try StateFile.read(layout.root + "/" + name) }
            return files
        }
        let first = try trust()
        #expect(!StateFile.exists(layout.rootKeys + "/root.key"))
        #expect(try !KeyListing(layout).isRootOnline)
        #expect(try KeyListing(layout).isTrustCurrent)
        // Someone enrols a key: the published files wait for the root.
        do {
            let site = try Site(opening: layout)
            defer { site.log.close() }
            let account = try site.createAccount(name: "rita", roles: [.reviewer], by: nil).account
            let signer = PersonSigner()
            let message = EnrollKeyRequest.message(account: account, publicKey: signer.publicKey.bytes)
            let request = EnrollKeyRequest(
                publicKey: signer.publicKey.bytes,
                proof: try signer.signature(over: message)
            )
            _ = try site.enrollKey(
                Caller(account: account, name: "rita", roles: [.reviewer]),
                account: account,
                request
            )
        }
        #expect(try trust() == first)
        #expect(try !KeyListing(layout).isTrustCurrent)
        #expect(throws: GloveboxError("key.root-offline", "")) { try KeyCeremony(layout).sign() }
        #expect(throws: GloveboxError("key.root-offline", "")) { try KeyCeremony(layout).rotate(.platform) }
        try OfflineRoot.make(in: next, site: "t")
        #expect(throws: GloveboxError("key.root-mismatch", "")) {
            try KeyCeremony(layout, rootDirectory: next).sign()
        }
        #expect(try KeyCeremony(layout, rootDirectory: media).sign() == 2)
        #expect(try KeyListing(layout).isTrustCurrent)
        // The next root takes over, and stays off the site too.
        let changed = try KeyCeremony(layout, rootDirectory: media).rotate(.root, newRoot: next)
        #expect(changed.map(\.use) == [.root, .platform, .nodes])
        #expect(try !KeyListing(layout).isRootOnline)
        #expect(try TrustUpdate.check(trust(), after: first) == 3)
        #expect(throws: GloveboxError("key.root-mismatch", "")) {
            try KeyCeremony(layout, rootDirectory: media).sign()
        }
        #expect(try KeyCeremony(layout, rootDirectory: next).sign() == 3)
        // Without the old root's word the new one is a stranger.
        let other = SiteLayout(root: scratch + "/other")
        try SiteFounding.found(
            other,
            configuration: SiteConfiguration(name: "t", origin: "log.t.example", planQuorum: 1, founded: founded),
            policies: ShippedPolicies.documents()
        )
        var strange: [String: [UInt8]] = [:]
        for name in TrustFiles.Name.all { strange[name] = try StateFile.read(other.root + "/" + name) }
        #expect(throws: GloveboxError("trust.signature", "")) { try TrustUpdate.check(strange, after: first) }
    }

    @Test func `a site that an earlier version founded keeps its keys in the present form`() throws {
        let layout = SiteLayout(root: try TestPrograms.scratch() + "/site")
        let founded = Instant(seconds: Machine.now().seconds)
        try SiteFounding.found(
            layout,
            configuration: SiteConfiguration(name: "t", origin: "log.t.example", planQuorum: 1, founded: founded),
            policies: ShippedPolicies.documents()
        )
        // As the first version left them: certificates as PEM, the root beside the CA, no record.
        let keys = try SiteKeyring(layout)
        let signer = layout.signerKeys
        for (name, der) in [
            ("root", keys.rootCertificate), ("platform", keys.platform), ("tsa", keys.timeChain.signer),
            ("tsa-root", keys.timeChain.root),
        ] { try StateFile.write(PEM.encode(der, label: "CERTIFICATE"), to: "\(signer)/\(name).pem") }
        try #require(unsafe rename(layout.rootKeys + "/root.key", signer + "/root.key") == 0)
        try #require(unsafe rename(layout.logKeys + "/log.key", signer + "/log.key") == 0)
        for name in ["", "/platform.key", "/sct.key", "/tsa.key"] {
            try #require(unsafe chown(signer + name, geteuid(), getegid()) == 0)
        }
        try #require(unsafe unlink(layout.keyring) == 0 && rmdir(layout.rootKeys) == 0)
        let policy = try StateFile.read(layout.root + "/" + TrustFiles.Name.trustPolicy)
        let listing = try KeyListing(layout)
        #expect(listing.isTrustCurrent && listing.isRootOnline && listing.trustVersion == 1)
        #expect(!StateFile.exists(signer + "/root.key"))
        let again = try SiteKeyring(layout)
        // The broker's key is noted when the broker is met.
        for use in KeyUse.allCases where use != .broker && use != .nodes {
            #expect(try again.record.current(use) == keys.record.current(use), "\(use)")
        }
        // That version knew no nodes.
        #expect(try again.record.current(.nodes) != keys.record.current(.nodes))
        #expect(again.nodeAuthorities.map(\.root) == [keys.rootCertificate])
        #expect(try StateFile.read(layout.root + "/" + TrustFiles.Name.trustPolicy) == policy)
        #expect(try KeyCeremony(layout).rotate(.platform).count == 1)
        try Site(opening: layout).close()
        let noted = try SiteKeyring(layout).record.current(.broker)
        #expect(try noted == keys.record.current(.broker))
    }
}
