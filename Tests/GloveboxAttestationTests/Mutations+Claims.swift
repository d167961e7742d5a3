import GloveboxCore

@testable import GloveboxAttestation

extension Mutations {
    static let claims: [Mutation] = [
        .report("nonce.missing", "a caller's nonce, and the reader gives none") {
            $0.nonce = [UInt8](repeating: 5, count: 32)
        },
        Mutation("nonce.mismatch", "another nonce than the reader's") {
            $0.options.nonce = [UInt8](repeating: 5, count: 32)
        },
        Mutation("nonce.encoding", "the reader's nonce is short") {
            $0.options.nonce = [UInt8](repeating: 5, count: 16)
        },
        .statement("nonce.encoding", "the report's nonce is short") { $0.edit("predicate", "nonce") { _ in "AAAA" } },
        Mutation("assurance.emulated", "software keys, and the reader does not accept them") {
            $0.options.acceptEmulated = false
        },
        .report("tpm.signature", "a claim of a TPM without a quote") { $0.assurance.rootOfTrust = .tpm2 },
        .report("tpm.signature", "a claim of an emulated TPM without a quote") {
            $0.assurance.rootOfTrust = .emulatedTPM
        },
        .trust("tpm.signature", "no quote, and the site had a TPM by then") {
            $0.attestationKeys = [Scenario.attestationKey(from: Scenario.start)]
        },
        .trust("tpm.signature", "no quote, and the TPM's key was withdrawn only later") {
            let key = Scenario.attestationKey(from: Scenario.start)
            $0.attestationKeys = [key]
            $0.revocations = [Revocation(key: key.digest, from: Scenario.start.adding(seconds: 600), logIndex: 1)]
        },
        .report("boot.mismatch", "signed in another run of the machine than the log says") {
            $0.time.bootID = "another"
        },
        .evidence("input.io", "no bundle") { $0["report.sigstore.json"] = nil },
        .evidence("input.io", "no digests of the code") { $0["code.digests"] = nil },
        .evidence("input.io", "no disclosure record") { $0["disclosure.json"] = nil },
        .evidence("input.io", "no signed disclosure record") { $0["disclosure.dsse.json"] = nil },
        .evidence("input.io", "no certificate of the disclosure record") { $0["disclosure.pem"] = nil },
        .evidence("timestamp.missing", "no certificate of the time-stamping authority") { $0["tsa.pem"] = nil },
        .evidence("timestamp.missing", "no root of the time-stamping authority") { $0["tsa-root.pem"] = nil },
        .report("assurance.debug", "debugging was on") { $0.assurance.debug = true },
        .report("assurance.insecure", "a switch was off") { $0.assurance.insecure = ["plain-http"] },
        Mutation("assurance.insecure", "a switch was off and another was accepted") {
            $0.options.accept = ["debug", "other"]
            $0.editReport = { $0.assurance.insecure = ["plain-http"] }
        },
        .report("assurance.not-proven", "side channels are not admitted") {
            $0.assurance.notProven = ["host-root-honest"]
        },
        .report("assurance.not-proven", "the host's root is not admitted") {
            $0.assurance.notProven = ["side-channels"]
        },
        .report("node.statement", "a node is named, and that it ran the job is not admitted") { $0.node = "blade-7" },
        .report("node.statement", "a node ran the job, and none is named") {
            $0.assurance.notProven.append(NodeChecks.claim)
        },
        .report("node.missing", "a node ran the job, and signed nothing") {
            $0.node = "blade-7"
            $0.assurance.notProven.append(NodeChecks.claim)
        },
        .report("schema.value", "a node's name that is none") { $0.node = "Blade 7" },
        .report("reference.mismatch", "an unknown supervisor") { $0.attester.supervisor = Scenario.digest("x") },
        .report("reference.mismatch", "an unknown launcher") { $0.attester.launcher = Scenario.digest("x") },
        Mutation("reference.mismatch", "an unknown library in the supervisor") {
            $0.editReport = {
                $0.attester.mapped = [Report.CodeMapping(path: "/lib/x.so", digest: Scenario.digest("x"))]
            }
            $0.editTrust = { $0.reference.mapped = [Scenario.digest("libc")] }
        },
        .report("reference.mismatch", "an unknown library made the run repeatable") {
            $0.jail.deterministic?.shim = Scenario.digest("x")
        },
        .trust("reference.missing", "no known launcher") { $0.reference.launchers = [] },
        .trust("svn.downgrade", "an old supervisor") { $0.reference.minSVN = 2 },
        .trust("reference.mismatch", "an unknown kernel") { $0.reference.kernels = [Scenario.digest("x")] },
        .trust("reference.mismatch", "another set of security modules") {
            $0.reference.securityModules = [Scenario.digest("landlock,yama")]
        },
        .trust("reference.mismatch", "no command line of the kernel where one is listed") {
            $0.reference.commandLines = [Scenario.digest("quiet")]
        },
        Mutation("reference.mismatch", "an unknown command line of the kernel") {
            $0.editTrust = { $0.reference.commandLines = [Scenario.digest("quiet")] }
            $0.editReport = { $0.attester.kernel.cmdline = Scenario.digest("mitigations=off") }
        },
    ]

    static let measurements: [Mutation] = [
        .report("code.mismatch", "other code ran") {
            $0.code.digests = CodeDigests(
                nar: Scenario.digest("x"),
                gitTree: $0.code.digests.gitTree,
                dirHash: $0.code.digests.dirHash
            )
        },
        .report("code.mismatch", "another file list") { $0.code.files = Scenario.digest("x") },
        .report("code.mismatch", "another core digest") { $0.coreDigest = Scenario.digest("x") },
        Mutation("code.mismatch", "the plan lists other files than it digests") {
            $0.editManifest = { $0.core.files.removeLast() }
        },
        Mutation("code.mismatch", "the reader expects other code") {
            $0.options.expectedCode = .nar(Scenario.digest("x"))
        },
        Mutation("code.mismatch", "the reader measured another tree of the same files") {
            $0.options.expectedCode = .measured(
                CodeDigests(
                    nar: Scenario.digest("nar"),
                    gitTree: Scenario.digest("x"),
                    dirHash: Scenario.manifest().core.code.dirHash
                )
            )
        },
        .evidence("code.mismatch", "another code.digests") { $0["code.digests"] = Array("x y z\n".utf8) },
        .report("rootfs.mismatch", "another root filesystem") { $0.rootfs.digest = Scenario.digest("x") },
        .report("invocation.mismatch", "another argument") { $0.invocation.argv.append("--all") },
        .report("invocation.mismatch", "a command more than approved") {
            $0.invocation.further = [Manifest.Executor(argv: ["sh"], env: $0.invocation.env)]
            $0.invocation.ran = 2
        },
        .report("invocation.mismatch", "another directory") { $0.invocation.cwd = "/tmp" },
        .report("invocation.mismatch", "a variable more") {
            $0.invocation.env["EXTRA"] = "1"
            $0.invocation.envDigest = $0.invocation.env.digest
        },
        .report("invocation.mismatch", "an environment digest of something else") {
            $0.invocation.envDigest = Scenario.digest("x")
        },
        .report("invocation.mismatch", "more memory") { $0.invocation.limits.memoryBytes *= 2 },
        Mutation("env.not-allowed", "a library is preloaded, even if approved") {
            $0.editManifest = { $0.core.executors[0].env["LD_PRELOAD"] = "/data/x.so" }
        },
        Mutation("env.not-allowed", "another Python path, even if approved") {
            $0.editManifest = { $0.core.executors[0].env["PYTHONPATH"] = "/data" }
        },
        .report("data.mismatch", "other data") {
            $0.inputs[0].commit = Commitment.salted([1], salt: [UInt8](repeating: 1, count: 32))
        },
        .report("data.mismatch", "another version of the data") { $0.inputs[0].version = 2 },
        .report("data.mismatch", "a dataset more") { $0.inputs.append($0.inputs[0]) },
        Mutation("jail.isolation", "a weaker protection, and the plan demands all") {
            $0.editManifest = { $0.core.isolation = .full }
        },
        .report("jail.readback", "a capability in the bounding set") {
            $0.jail.readback?.capabilities?["CapBnd"] = "0000000000000400"
        },
        .report("jail.readback", "a capability set that is not told") {
            $0.jail.readback?.capabilities?["CapAmb"] = nil
        },
        .report("jail.readback", "a capability set without a value") { $0.jail.readback?.capabilities?["CapInh"] = "" },
        .report("jail.readback", "no capability sets at all") { $0.jail.readback?.capabilities = nil },
        .report("jail.readback", "no network namespace") { $0.jail.readback?.namespaces?["net"] = nil },
        .report("jail.readback", "a namespace without a number") { $0.jail.readback?.namespaces?["pid"] = "host" },
        .report("jail.readback", "no namespaces at all") { $0.jail.readback?.namespaces = nil },
        .report("jail.readback", "more memory than approved") {
            $0.jail.readback?.controlGroup?["memory.max"] = "2147483649"
        },
        .report("jail.readback", "no limit on memory") { $0.jail.readback?.controlGroup?["memory.max"] = "max" },
        .report("jail.readback", "more processes than approved") {
            $0.jail.readback?.controlGroup?["pids.max"] = "130"
        },
        .report("jail.readback", "no limit on processes") { $0.jail.readback?.controlGroup?["pids.max"] = nil },
        .report("jail.readback", "no control group, and no word of it") { $0.jail.readback?.controlGroup = nil },
        .report("jail.policy", "another jail profile") { $0.jail.policy = Scenario.digest("x") },
        .report("jail.deterministic", "another seed") { $0.jail.deterministic?.fixed.seed = 2 },
        .report("jail.deterministic", "another clock") {
            $0.jail.deterministic?.fixed.clock = Instant(seconds: 1_577_836_801)
        },
        .report("jail.deterministic", "nothing was held fixed") { $0.jail.deterministic = nil },
        Mutation("jail.deterministic", "something was held fixed that nobody approved") {
            $0.editManifest = { $0.core.deterministic = nil }
            $0.editReport = {
                $0.jail.deterministic = Report.Deterministic(
                    fixed: Manifest.Deterministic(seed: 1, clock: Instant(seconds: 0), threads: 1),
                    shim: Scenario.digest("shim"),
                    notFixed: []
                )
            }
        },
        .report("jail.bpf", "no filter") { $0.jail.seccompBPF = [] },
        .trust("jail.bpf", "an unknown filter") { $0.reference.seccompBPF = [Scenario.digest("x")] },
        .report("jail.readback", "no filter was loaded") { $0.jail.readback?.seccomp = "0" },
        .report("jail.readback", "new privileges were possible") { $0.jail.readback?.noNewPrivs = "0" },
        .report("jail.readback", "a capability was left") { $0.jail.readback?.capEff = "200000" },
        .report("jail.readback", "nothing was read back") { $0.jail.readback = nil },
    ]

    static let policy: [Mutation] = [
        .report("approval.threshold", "no approval") {
            $0.approvals = []
            $0.approvalQuorum.have = 0
        },
        .report("approval.threshold", "fewer approvals than the project asks for") { $0.approvalQuorum.need = 2 },
        .trust("approval.threshold", "fewer approvals than the trust policy asks for") { $0.approvalThreshold = 2 },
        .report("approval.threshold", "a quorum that was never reached") { $0.approvalQuorum.have = 5 },
        .report("approval.threshold", "one approval counted twice") {
            $0.approvals.append($0.approvals[0])
            $0.approvalQuorum = Report.Quorum(need: 2, have: 2)
        },
        Mutation("key.unknown", "an approval by a stranger") {
            let stranger = PersonSigner()
            $0.approvalSigner = stranger
            $0.editApproval = { $0.keyID = stranger.publicKey.keyID }
        },
        Mutation("key.wrong-role", "an approval by the researcher") { $0.approvalSigner = $0.researcher },
        .trust("key.expired", "an approval by somebody who had left") {
            $0.roles[1].validTo = Scenario.start.adding(seconds: -10)
        },
        .report("approval.signature", "an approval that was changed") {
            guard let old = try? Envelope(parsing: $0.approvals[0].envelope) else { return }
            let new = Envelope(
                payloadType: old.payloadType,
                payload: old.payload.replacing("\"maxRuns\":\"1\"", "\"maxRuns\":\"9\""),
                keyID: old.keyID,
                signature: old.signature
            )
            $0.approvals = [Report.ApprovalRecord(new, role: "reviewer")]
        },
        .report("approval.signature", "an approval under another digest") {
            $0.approvals[0].digest = Scenario.digest("x")
        },
        .approval("approval.signature", "an approval in another person's name") { $0.account = "acc_boss" },
        .approval("approval.manifest", "an approval of another plan") { $0.manifestDigest = Scenario.digest("x") },
        .approval("approval.withdrawn", "a refusal") { $0.decision = .refuse },
        .approval("approval.expired", "an approval that had ended") { $0.notAfter = Scenario.start },
        .approval("approval.expired", "an approval that had not begun") {
            $0.notBefore = Scenario.start.adding(seconds: 1)
        },
        .report("approval.reused", "a second run under an approval of one") { $0.run = 2 },
        .evidence("approval.manifest", "an approval file about another plan") {
            let word = Approval(
                of: Scenario.digest("x"),
                decision: .approve,
                account: "acc_reviewer0",
                keyID: PersonSigner().publicKey.keyID,
                notBefore: Scenario.start
            )
            if let envelope = try? PersonSigner().sign(word.bytes) { $0["approvals/9.dsse.json"] = envelope.bytes }
        },
        Mutation("approval.withdrawn", "an approval taken back, beside the report") { scenario in
            let reviewer = scenario.reviewers[0]
            scenario.editEvidence = { files in
                guard let manifest = files["manifest.json"] else { return }
                let word = Approval(
                    of: Hashing.sha256(manifest),
                    decision: .revoke,
                    account: "acc_reviewer0",
                    keyID: reviewer.publicKey.keyID,
                    notBefore: Scenario.start
                )
                if let envelope = try? reviewer.sign(word.bytes) { files["approvals/9.dsse.json"] = envelope.bytes }
            }
        },
        Mutation("approval.separation", "the researcher has a second key as reviewer") {
            $0.editTrust = { $0.roles[1].account = "acc_researcher" }
            $0.editApproval = { $0.account = "acc_researcher" }
        },
        .trust("approval.separation", "the reviewer is also an operator") {
            $0.roles.append(
                RoleKey(.operator, account: "acc_op", key: $0.roles[1].key, validFrom: $0.roles[1].validFrom)
            )
        },
        .report("policy.version", "another output policy") { $0.policies.output.digest = Scenario.digest("x") },
        .report("policy.version", "no input policy") { $0.policies.input = nil },
        .report("policy.version", "a policy that is too old") { $0.policies.output.version = 1 },
    ]

    static let outputs: [Mutation] = [
        .statement("output.missing", "a released file is no subject") { $0.edit("subject", "2") { _ in nil } },
        .report("output.extra", "a run that failed has released files") { $0.outcome = .failed },
        .statement("output.extra", "a subject that was not released") {
            $0.edit("predicate", "outputs", "released", "0") { _ in nil }
        },
        .statement("output.mismatch", "a subject with another digest") {
            $0.edit("subject", "2", "digest") { _ in Scenario.digest("x").json }
        },
        .statement("output.name-swap", "two subjects with each other's bytes") { statement in
            let first = statement["subject"]?.array?[1]["digest"] ?? .null
            let second = statement["subject"]?.array?[2]["digest"] ?? .null
            statement.edit("subject", "1", "digest") { _ in second }
            statement.edit("subject", "2", "digest") { _ in first }
        },
        .statement("output.leak", "the size of a withheld file") {
            $0.edit("predicate", "outputs", "withheld", "0", "size") { _ in "812" }
        },
        .statement("output.leak", "a plain digest of a withheld file") {
            $0.edit("predicate", "outputs", "withheld", "0", "commit", "alg") { _ in "sha256" }
        },
        .statement("output.leak", "a plain digest of private data") {
            $0.edit("predicate", "inputs", "0", "commit", "alg") { _ in "sha256" }
        },
        Mutation("output.mismatch", "one byte more in a result") {
            $0.results[0] = ResultFile(name: "table.csv", bytes: Scenario.table + [0x78])
        },
        Mutation("output.name-swap", "two results with each other's names") {
            $0.results = [
                ResultFile(name: "table.csv", bytes: Scenario.notes),
                ResultFile(name: "notes.txt", bytes: Scenario.table),
            ]
        },
        Mutation("output.name-swap", "a result under a new name") {
            $0.results[0] = ResultFile(name: "renamed.csv", bytes: Scenario.table)
        },
        Mutation("output.extra", "a result that was not released") {
            $0.results.append(ResultFile(name: "raw.csv", bytes: [1]))
        },
        Mutation("output.missing", "a result less") { $0.results.removeLast() },
        .evidence("output.mismatch", "another disclosure record") { $0["disclosure.json"] = Array("[]".utf8) },
        .report("output.mismatch", "a disclosure record that the report does not name") { $0.outputs.disclosure = nil },
    ]

    static let all =
        form + certificates + keys + timestamps + log + bundle + claims + measurements + policy + outputs + workflow
        + start + tokens + quotes
}
