import GloveboxCore
import Testing

@testable import GloveboxAttestation

/// The heart: a sound directory verifies, and every way of spoiling it is refused with its own reason.
@Suite struct VerifierTests {
    @Test func `a sound directory verifies, every check passed`() throws {
        let verdict = try Scenario().verdict()
        #expect(verdict.checks.filter { $0.status == .failed }.map(\.detail) == [])
        #expect(verdict.isVerified)
        #expect(verdict.exitCode == 0)
        #expect(verdict.story.last == "VERIFIED")
        #expect(verdict.checks.filter { $0.status == .skipped }.map(\.id) == ["code.expected"])
    }

    @Test func `a run within seconds of the founding verifies, though its leaf is dated back before the CA`() throws {
        var scenario = Scenario()
        scenario.founded = Scenario.start.adding(seconds: -2)
        let verdict = try scenario.verdict()
        #expect(verdict.isVerified, "\(verdict.checks.filter { $0.status == .failed }.map(\.detail))")
    }

    @Test(arguments: Mutations.all)
    func `refuses with its own reason`(mutation: Mutation) throws {
        var scenario = Scenario()
        mutation.edit(&scenario)
        let verdict = try scenario.verdict()
        #expect(!verdict.isVerified)
        #expect(verdict.exitCode == 1)
        #expect(verdict.reason == mutation.reason, "\(verdict.story.suffix(8).joined(separator: "\n"))")
        #expect(verdict.story.last == "REFUSED \(mutation.reason)")
    }

    @Test func `a data key released under a listed key of the broker, in its time, is accepted`() throws {
        for to in [nil, Int64(3)] {
            var scenario = Scenario()
            Mutations.broker("", "", to: to).edit(&scenario)
            let verdict = try scenario.verdict()
            #expect(verdict.isVerified, "\(verdict.story.suffix(8).joined(separator: "\n"))")
        }
    }

    @Test func `a report from before the log named the payment in a key's release verifies`() throws {
        var scenario = Scenario()
        scenario.startSpec.editKeyEvent = { $0.edit("unmapped", "glovebox", "paid") { _ in nil } }
        scenario.editEvidence = { $0["budget.entry"] = nil }
        let verdict = try scenario.verdict()
        #expect(verdict.isVerified, "\(verdict.story.suffix(8).joined(separator: "\n"))")
        #expect(verdict.checks.contains { $0.id == "key.paid" && $0.status == .skipped && !$0.required })
    }

    @Test func `results released after the machine started again are announced in its new run`() throws {
        var scenario = Scenario()
        scenario.editReport = {
            $0.attester.kernel.bootID = "before"
            $0.time.bootID = Scenario.bootID
        }
        scenario.startSpec.editKeyEvent = { $0.edit("unmapped", "glovebox", "bootId") { _ in "before" } }
        let verdict = try scenario.verdict()
        #expect(verdict.isVerified, "\(verdict.story.suffix(8).joined(separator: "\n"))")
    }

    @Test func `a site without a TPM any more says so by withdrawing its key, and then no quote is asked for`() throws {
        var scenario = Scenario()
        scenario.editTrust = {
            let key = Scenario.attestationKey(from: Scenario.start.adding(seconds: -600))
            $0.attestationKeys = [key]
            $0.revocations = [Revocation(key: key.digest, from: Scenario.start.adding(seconds: -300), logIndex: 1)]
        }
        let verdict = try scenario.verdict()
        #expect(verdict.isVerified, "\(verdict.story.suffix(8).joined(separator: "\n"))")
    }

    @Test func `a later failure never hides an earlier one, and all are told`() throws {
        var scenario = Scenario()
        scenario.editReport = {
            $0.jail.policy = Scenario.digest("x")
            $0.jail.readback?.capEff = "1"
            $0.jail.readback?.noNewPrivs = "0"
            $0.rootfs.digest = Scenario.digest("x")
            $0.assurance.debug = true
        }
        scenario.results[0] = ResultFile(name: "table.csv", bytes: [1])
        scenario.results[1] = ResultFile(name: "other.txt", bytes: [1])
        let verdict = try scenario.verdict()
        let failed = verdict.checks.filter { $0.status == .failed }.map(\.reason)
        #expect(
            failed == [
                "assurance.debug", "rootfs.mismatch", "jail.policy", "jail.readback", "jail.readback",
                "output.mismatch", "output.extra", "output.missing",
            ]
        )
    }

    @Test func `checks that cannot run are skipped, and skipping refuses`() throws {
        var scenario = Scenario()
        scenario.editEvidence = { $0["report.dsse.json"] = [] }
        let verdict = try scenario.verdict()
        #expect(!verdict.isVerified)
        #expect(verdict.checks.contains { $0.id == "jail" && $0.status == .skipped && $0.required })
    }

    @Test func `a caller's nonce verifies with that nonce`() throws {
        var scenario = Scenario()
        let nonce = [UInt8](repeating: 9, count: 32)
        scenario.editReport = { $0.nonce = nonce }
        scenario.options.nonce = nonce
        let verdict = try scenario.verdict()
        #expect(verdict.isVerified)
        #expect(verdict.facts.contains("nonce      the caller's nonce"))
    }

    @Test func `two reviewers satisfy a quorum of two`() throws {
        var scenario = Scenario()
        scenario.reviewers = [PersonSigner(), PersonSigner()]
        scenario.quorum = 2
        scenario.editTrust = { $0.approvalThreshold = 2 }
        #expect(try scenario.verdict().isVerified)
    }

    @Test func `weaknesses accepted by name do not refuse`() throws {
        var scenario = Scenario()
        scenario.editReport = {
            $0.assurance.debug = true
            $0.assurance.insecure = ["plain-http"]
        }
        scenario.options.accept = ["debug", "plain-http"]
        #expect(try scenario.verdict().isVerified)
    }

    @Test func `a report that a TPM vouches for verifies, and is remembered with the TPM's clock`() throws {
        var scenario = Scenario()
        let spec = QuoteSpec()
        spec.vouch(for: &scenario)
        let verdict = try scenario.verdict()
        #expect(verdict.isVerified, "\(verdict.story.suffix(8).joined(separator: "\n"))")
        #expect(verdict.checks.contains { $0.id == "tpm.extra-data" && $0.status == .passed })
        #expect(verdict.seen?.tpm?.clock == spec.clock)
    }

    @Test func `between start and report a TPM is reset with its machine alone, or is a program`() throws {
        func verdict(_ root: Report.RootOfTrust, resets: UInt32, rebooted: Bool) throws -> Verdict {
            var scenario = Scenario()
            var spec = QuoteSpec()
            (spec.root, spec.clock) = (root, TPMClock(milliseconds: 5000, resetCount: resets, restartCount: 0))
            if rebooted { scenario.editReport = { $0.time.bootID = "another start" } }
            spec.vouch(for: &scenario)
            return try scenario.verdict()
        }
        #expect(try verdict(.tpm2, resets: 7, rebooted: false).isVerified)
        let rebooted = try verdict(.tpm2, resets: 8, rebooted: true).checks.filter { $0.status == .failed }
        #expect(!rebooted.contains { $0.reason == "boot.mismatch" && $0.id.hasPrefix("tpm") }, "the machine was, too")
        #expect(try verdict(.emulatedTPM, resets: 8, rebooted: false).isVerified)
        let reset = try verdict(.tpm2, resets: 8, rebooted: false)
        #expect(reset.checks.filter { $0.status == .failed }.map(\.reason) == ["boot.mismatch"])
    }

    @Test func `what the trust policy accepts is shown, and accepted by nobody for that`() throws {
        var scenario = Scenario()
        scenario.editTrust = { $0.accept = ["emulated", "plain-http"] }
        #expect(try scenario.verdict().facts.last?.hasSuffix("counts for nothing here: emulated, plain-http") == true)
        scenario.options.acceptEmulated = false
        scenario.editReport = { $0.assurance.insecure = ["plain-http"] }
        let failed = try scenario.verdict().checks.filter { $0.status == .failed }.map(\.reason)
        #expect(failed == ["assurance.emulated", "assurance.insecure"])
    }

    @Test func `a run on mock data needs no approval`() throws {
        var scenario = Scenario()
        scenario.reviewers = []
        scenario.quorum = 0
        scenario.workflow.isMade = false
        scenario.editReport = { $0.assurance.notProven.append("workflow") }
        scenario.editManifest = {
            $0.mode = .mock
            $0.inputs[0].kind = .mock
            $0.inputs[0].commit = Commitment(.plain, Scenario.digest("mock"))
        }
        #expect(try scenario.verdict().isVerified)
    }

    @Test func `a refused run verifies with nothing released`() throws {
        var scenario = Scenario()
        scenario.editReport = {
            $0.outcome = .refused
            $0.outputs.released = []
        }
        scenario.results = []
        #expect(try scenario.verdict().isVerified)
    }

    @Test func `an interrupted run verifies without a readback`() throws {
        var scenario = Scenario()
        scenario.editReport = {
            $0.outcome = .interrupted
            $0.outputs.released = []
            $0.jail.readback = nil
        }
        scenario.results = []
        #expect(try scenario.verdict().isVerified)
    }

    @Test func `a report and a trust policy from before the deterministic mode verify`() throws {
        var scenario = Scenario()
        scenario.editManifest = { $0.core.deterministic = nil }
        scenario.editReport = { $0.jail.deterministic = nil }
        scenario.editTrust = { $0.reference.shims = [] }
        let verdict = try scenario.verdict()
        #expect(verdict.isVerified)
        #expect(!verdict.story.contains { $0.contains("deterministic") })
        #expect(try Scenario().verdict().story.contains { $0.hasSuffix("deterministic with seed 1") })
    }

    @Test func `libraries that the trust policy does not judge are named in the story`() throws {
        var scenario = Scenario()
        scenario.editReport = {
            $0.attester.mapped = [Report.CodeMapping(path: "/lib/x.so", digest: Scenario.digest("x"))]
        }
        let verdict = try scenario.verdict()
        #expect(verdict.isVerified)
        #expect(verdict.story.contains { $0.hasSuffix("shared libraries of the supervisor not judged") })
        scenario.editTrust = { $0.reference.mapped = [Scenario.digest("x")] }
        let judged = try scenario.verdict()
        #expect(judged.isVerified)
        #expect(!judged.story.contains { $0.contains("not judged") })
    }

    @Test func `a delegated plan is signed by the site`() throws {
        var scenario = Scenario()
        let site = PersonSigner()
        scenario.manifestSigner = site
        scenario.workflow.isMade = false
        scenario.editReport = {
            $0.submission = .delegated
            $0.assurance.notProven.append("workflow")
        }
        scenario.editTrust = {
            $0.roles.append(RoleKey(.site, account: "site", key: site.publicKey, validFrom: $0.roles[0].validFrom))
        }
        #expect(try scenario.verdict().isVerified)
    }

    @Test func `one result alone can be checked`() throws {
        var scenario = Scenario()
        scenario.options.allOutputs = false
        scenario.results.removeLast()
        #expect(try scenario.verdict().isVerified)
        scenario.results = []
        #expect(try scenario.verdict().isVerified)
    }

    @Test func `expected code verifies by either digest`() throws {
        var scenario = Scenario()
        scenario.options.expectedCode = .nar(Scenario.digest("nar"))
        #expect(try scenario.verdict().isVerified)
        scenario.options.expectedCode = .measured(Scenario.manifest().core.code)
        #expect(try scenario.verdict().isVerified)
    }

    @Test func `a site without certificate time stamps verifies and the check is left out`() throws {
        var scenario = Scenario()
        scenario.withTimestamps = false
        let verdict = try scenario.verdict()
        #expect(verdict.isVerified)
        #expect(verdict.checks.contains { $0.id == "cert.sct" && $0.status == .skipped && !$0.required })
    }

    @Test func `text from researchers is escaped in every line`() throws {
        var scenario = Scenario()
        scenario.editManifest = {
            $0.core.files[0] = CodeFile(
                path: "a\u{1b}[2J\u{202e}.py",
                mode: "0644",
                size: 1,
                digest: Scenario.digest("x")
            )
            let list = $0.core.files.listDigest
            $0.core.code = CodeDigests(nar: $0.core.code.nar, gitTree: $0.core.code.gitTree, dirHash: list)
        }
        let verdict = try scenario.verdict()
        #expect(verdict.isVerified)
        for line in verdict.story { #expect(Display.escape(line) == line) }
        #expect(verdict.facts[0].contains("a\\u{1b}[2J\\u{202e}.py"))
    }

    @Test func `the story has the facts a person asks for`() throws {
        let story = try Scenario().verdict().story
        #expect(
            story.map { String($0.prefix(while: { $0 != " " })) } == [
                "code", "approved", "data", "jail", "policy", "outcome", "result", "result", "log", "nonce",
                "assurance",
                "VERIFIED",
            ]
        )
        #expect(story.contains { $0.hasPrefix("assurance  emulated (accepted); not proven: host-root-honest") })
        #expect(story.contains { $0.contains("weaker: cgroup-memory") })
    }

    @Test func `every check and every claim that is not proven is explained`() throws {
        let verdict = try Scenario().verdict()
        for check in verdict.checks {
            let id = check.id.hasPrefix("start.tpm.") ? String(check.id.dropFirst(6)) : check.id
            #expect(Explanations.checks[id] != nil || id == "approval.1", "\(check.id)")
        }
        #expect(Report.Assurance.neverProvenByEmulation.allSatisfy { Explanations.notProven[$0] != nil })
        let lines = verdict.explanation
        #expect(lines.contains { $0.hasPrefix("passed   cert.chain") })
        #expect(lines.contains { $0.hasPrefix("host-root-honest") && $0.hasSuffix("forge this report") })
        #expect(lines.last == "VERIFIED")
        #expect(
            verdict.explainedJSON["checks"]?.array?.first?.object?.names == [
                "detail", "id", "meaning", "reason", "stage", "status",
            ]
        )
    }

    @Test func `the object of --json has the members of the specification`() throws {
        let verdict = try Scenario().verdict()
        #expect(verdict.json.object?.names == ["assurance", "checks", "reason", "reportId", "verdict"])
        #expect(verdict.json["checks"]?.array?.first?.object?.names == ["id", "reason", "status"])
        #expect(verdict.json["verdict"] == "verified")
        #expect(verdict.json["assurance"]?["rootOfTrust"] == "emulated")
    }
}
