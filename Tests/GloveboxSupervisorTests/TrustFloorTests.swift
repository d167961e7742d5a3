import Glibc
import GloveboxAPI
import GloveboxAttestation
import GloveboxCore
import GloveboxJobs
import GloveboxStore
import GloveboxTransparency
import TestSupport
import Testing

@testable import GloveboxSupervisor

/// What a site lets count at least: security version, firmware, versions of policies.
@Suite(.serialized) struct TrustFloorTests {
    private static func floors(_ text: String) throws -> TrustFloors {
        let path = try TestPrograms.scratch() + "/gloveboxd.yaml"
        try StateFile.write(Array(text.utf8), to: path)
        return try SiteSettings(reading: path).floors
    }

    @Test func `settings may set floors`() throws {
        let floors = try Self.floors(
            """
            trust:
              min_svn: 3
              min_firmware: "0x2019102300163636"
              min_policy_versions: {aggregate-table: 2, figure: 4}
            """
        )
        #expect(floors.svn == 3 && floors.firmware == 0x2019_1023_0016_3636)
        let expected = [PolicyFloor(name: "aggregate-table", version: 2), PolicyFloor(name: "figure", version: 4)]
        #expect(floors.policies == expected)
        #expect(try Self.floors("tpm: none\n").svn == 0)
    }

    @Test(arguments: [
        "min_svn: -1", "min_svn: \"3\"", "min_svn: 1.5", "min_firmware: 3", "min_firmware: \"3\"",
        "min_firmware: \"0x\"", "min_firmware: \"0x10000000000000000\"", "min_policy_versions: 2",
        "min_policy_versions: {figure: 0}", "svn: 3",
    ])
    func `a floor of another form is refused`(line: String) {
        #expect(throws: GloveboxError.self) { try Self.floors("trust: {\(line)}\n") }
    }

    @Test func `a trust policy that is gone is not begun anew where withdrawn keys or reports rest on it`() throws {
        let test = try TestSite()
        let path = test.layout.root + "/" + TrustFiles.Name.trustPolicy
        try test.site.refreshTrust()
        let kept = try StateFile.read(path)
        try #require(unsafe unlink(path) == 0)
        try test.site.refreshTrust()
        #expect(StateFile.exists(path), "nothing rests on it yet")
        let withdrawn: JSONValue = [
            "key": .string(GloveboxCore.Digest.zero.hex), "from": .string(Machine.now().text),
            "reason": .string(Revocation.Reason.withdrawn.rawValue),
        ]
        try test.site.record(Event(kind: .keyRevoked), withdrawn)
        try test.site.refreshTrust()
        let revoking = try StateFile.read(path)
        #expect(revoking != kept)
        try #require(unsafe unlink(path) == 0)
        let missing = GloveboxError("trust.missing", "")
        #expect(throws: missing) { try test.site.refreshTrust() }
        #expect(throws: missing) { try test.site.trustVersion() }
        #expect(!StateFile.exists(path))
        try StateFile.write(revoking, to: path, mode: 0o644)
        #expect(try test.site.isTrustCurrent())
    }

    @Test func `a floor rises and never falls`() throws {
        var before = TrustPolicy(
            attesters: [],
            reference: ReferenceValues(supervisors: [], launchers: [], minSVN: 3),
            approvalThreshold: 1
        )
        before.minPolicyVersions = [PolicyFloor(name: "a", version: 2), PolicyFloor(name: "b", version: 5)]
        var floors = TrustFloors()
        floors.svn = 2
        floors.policies = [
            PolicyFloor(name: "a", version: 3), PolicyFloor(name: "b", version: 4), PolicyFloor(name: "c", version: 1),
        ]
        let raised = floors.raised(over: before)
        #expect(raised.svn == 3)
        #expect(raised.policies.map(\.name) == ["a", "b", "c"] && raised.policies.map(\.version) == [3, 5, 1])

        let key = TrustedAttestationKey(
            name: [UInt8](repeating: 1, count: 34),
            endorsementName: [UInt8](repeating: 2, count: 34),
            rootOfTrust: .emulatedTPM
        )
        floors.firmware = 7
        #expect(floors.keys(before: [], inUse: key) == [key.atLeast(7)])
        // Of the TPM in use alone: another maker counts otherwise.
        let other = TrustedAttestationKey(
            name: [UInt8](repeating: 3, count: 34),
            endorsementName: [UInt8](repeating: 2, count: 34),
            rootOfTrust: .tpm2,
            minFirmware: 2
        )
        #expect(floors.keys(before: [other, key], inUse: key) == [other, key.atLeast(7)])
        #expect(TrustFloors().keys(before: [key.atLeast(9)], inUse: key) == [key.atLeast(9)])
        #expect(floors.keys(before: [other], inUse: nil) == [other])
    }

    @Test func `a site's attestation key ends where the next one begins, and begins anew when its TPM comes back`() {
        func key(_ byte: UInt8, from: Int64?, to: Int64? = nil) -> TrustedAttestationKey {
            var key = TrustedAttestationKey(
                name: [UInt8](repeating: byte, count: 34),
                endorsementName: [UInt8](repeating: byte, count: 34),
                rootOfTrust: .tpm2
            )
            (key.validFrom, key.validTo) = (from.map { Instant(seconds: $0) }, to.map { Instant(seconds: $0) })
            return key
        }
        let none = TrustFloors()
        let first = none.keys(before: [], inUse: key(1, from: 10))
        #expect(first == [key(1, from: 10)])
        #expect(none.keys(before: first, inUse: key(1, from: 20)) == first, "a restart is no change")
        let second = none.keys(before: first, inUse: key(2, from: 30))
        #expect(second == [key(1, from: 10, to: 30), key(2, from: 30)])
        #expect(none.keys(before: second, inUse: key(2, from: 40)) == second)
        #expect(none.keys(before: second, inUse: key(1, from: 50)) == [key(1, from: 10), key(2, from: 30, to: 50)])
    }

    private static let hasData = TestPrograms.variable("GLOVEBOX_FAIR_CSV") != nil

    /// Runs a job to its report; it cannot be mounted, and is reported all the same.
    private func evidence(_ test: TestSite) throws -> [String: [UInt8]] {
        let job = try test.submit("print(1)\n")
        try test.vote(.approve, on: job)
        _ = try test.wait(for: job) { $0.evidence != nil && $0.job.phase.isTerminal }
        let files = try test.shownReceipt(job).files.filter { $0.path != NamedFiles.padding }
        return Dictionary(uniqueKeysWithValues: files.map { ($0.path, $0.content) })
    }

    /// Why a report is refused under the trust files that a site publishes now.
    private func refusals(_ evidence: [String: [UInt8]], _ test: TestSite) throws -> [String] {
        let trust = Dictionary(uniqueKeysWithValues: try test.site.trust().files.map { ($0.path, $0.content) })
        var options = VerifyOptions()
        options.acceptEmulated = true
        let own = evidence.filter { !TrustFiles.Name.all.contains($0.key) }
        let verdict = ReportVerifier.verify(evidence: own, trust: trust, options: options)
        return verdict.checks.filter { $0.status == .failed }.map(\.reason)
    }

    @Test(.enabled(if: hasData, "needs GLOVEBOX_FAIR_CSV"))
    func `a report below what the site lets count is refused, and so is a supervisor that went back`() throws {
        var test = try TestSite()
        try test.start()
        let first = try evidence(test)
        #expect(try refusals(first, test) == [])

        // This program is of version 1, so one of version 2 must take its place first.
        try test.reopen(securityVersion: 2) { layout in
            try StateFile.write(Array("trust: {min_svn: 2}\n".utf8), to: layout.settings)
            let refusal = #expect(throws: GloveboxError.self) { try Site(opening: layout) }
            #expect(refusal?.code == "svn.downgrade")
        }
        try test.start()
        #expect(try refusals(first, test) == ["svn.downgrade"])
        let second = try evidence(test)
        #expect(try refusals(second, test) == [])

        // Without the setting the floor stays.
        try test.reopen(securityVersion: 2) { layout in
            let floors = "trust: {min_policy_versions: {demo-table: 1000}}\n"
            try StateFile.write(Array(floors.utf8), to: layout.settings)
            let refusal = #expect(throws: GloveboxError.self) { try Site(opening: layout) }
            #expect(refusal?.code == "svn.downgrade")
        }
        try test.start()
        #expect(try refusals(first, test) == ["svn.downgrade", "policy.version"])
        #expect(try refusals(second, test) == ["policy.version"])
        try test.reopen(securityVersion: 2) { layout in
            try StateFile.write(Array("tpm: none\n".utf8), to: layout.settings)
        }
        try test.start()
        #expect(try refusals(second, test) == ["policy.version"])
    }

    @Test(.enabled(if: hasData, "needs GLOVEBOX_FAIR_CSV"))
    func `when another TPM takes a TPM's place, its key is published, the old one ends, and reports of before verify`()
        throws
    {
        var test = try TestSite { layout in try StateFile.write(Array("tpm: swtpm\n".utf8), to: layout.settings) }
        try test.start()
        let first = try evidence(test)
        #expect(try refusals(first, test) == [])
        let old = try #require(test.site.tpm).trusted
        try test.reopen { layout in
            try #require(unsafe rename(layout.root + ".tpm", layout.root + ".tpm.old") == 0)
            #expect(throws: GloveboxError("tpm.other", "")) { try Site(opening: layout) }
            #expect(try KeyCeremony(layout).forgetAttestationKey() == old.digest)
        }
        try test.start()
        let second = try evidence(test)
        #expect(try refusals(second, test) == [])
        #expect(try refusals(first, test) == [])
        let keys = try #require(try test.site.publishedTrust()).policy.attestationKeys
        let ended = try #require(keys.first { $0.isSameKey(as: old) }?.validTo)
        let begun = try #require(keys.first { !$0.isSameKey(as: old) })
        #expect(keys.count == 2 && begun.validFrom == ended && begun.validTo == nil)
    }
}
