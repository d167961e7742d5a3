import GloveboxCore
import GloveboxTransparency

@testable import GloveboxAttestation

/// A whole site and one job, built with the real builders; every step can be changed before the next one uses it.
struct Scenario {
    static let bootID = "00000000-0000-4000-8000-000000000000"
    static let start = Instant(seconds: 1_780_000_000)
    static let identity = "https://datasite.example/glovebox/attester"
    static let issuer = "https://datasite.example"
    static let origin = "log.datasite.example"
    static let table = Array("sex,count\nf,120\nm,95\n".utf8)
    static let notes = Array("rounded to base 5\n".utf8)

    var rootPathLength = 1
    var platformPathLength = 0
    var quorum: UInt64 = 1
    var reviewers = [PersonSigner()]
    var researcher = PersonSigner()
    var manifestSigner: PersonSigner?
    var approvalSigner: PersonSigner?
    var leaf = LeafSpec()
    var withTimestamps = true
    var withTimeAuthority = true
    var stamp = StampSpec()
    var editBundle: (inout JSONValue) -> Void = { _ in }
    var workflow = WorkflowSpec()
    var startSpec = StartSpec()
    var founded = Site.founded

    var editManifest: (inout Manifest) -> Void = { _ in }
    var editApproval: (inout Approval) -> Void = { _ in }
    var editReport: (inout Report) -> Void = { _ in }
    var editSiteReport: (inout Report, Site) throws -> Void = { _, _ in }
    var editStatement: (inout JSONValue) -> Void = { _ in }
    var editPayload: (inout [UInt8]) -> Void = { _ in }
    var editEnvelope: (inout [UInt8]) -> Void = { _ in }
    var editIssued: (inout JSONValue) -> Void = { _ in }
    var issuedGap = 0
    var issuedAt = Scenario.start.adding(seconds: 61)
    var editTrust: (inout TrustPolicy) -> Void = { _ in }
    var editSiteTrust: (inout TrustPolicy, Site) -> Void = { _, _ in }
    var keysValidFrom = Scenario.start.adding(seconds: -86_400)
    var editEvidence: (inout [String: [UInt8]]) -> Void = { _ in }
    var editTrustFiles: (inout [String: [UInt8]]) -> Void = { _ in }
    var results = [
        ResultFile(name: "table.csv", bytes: Scenario.table),
        ResultFile(name: "outputs/notes.txt", bytes: Scenario.notes),
    ]
    var options = VerifyOptions()

    init() {
        options.acceptEmulated = true
        options.allOutputs = true
        options.now = Self.start.adding(seconds: 3600)
    }

    /// The log policy; nil for one without witnesses.
    var witnessing: (Site) throws -> [UInt8]? = { _ in nil }

    /// What `verify` is given.
    struct Files {
        var evidence: [String: [UInt8]]
        var trust: [String: [UInt8]]
        var manifest: Manifest
    }

    /// An attestation key of a site that has a TPM since then.
    static func attestationKey(from: Instant) -> TrustedAttestationKey {
        var key = TrustedAttestationKey(
            name: [0x00, 0x0b] + digest("attestation key").bytes,
            endorsementName: [0x00, 0x0b] + digest("endorsement key").bytes,
            rootOfTrust: .emulatedTPM
        )
        key.validFrom = from
        return key
    }

    func verdict() throws -> Verdict {
        let files = try build()
        return ReportVerifier.verify(evidence: files.evidence, trust: files.trust, results: results, options: options)
    }

    func build() throws -> Files {
        let site = try Site(rootPathLength: rootPathLength, platformPathLength: platformPathLength, founded: founded)
        var manifest = Self.manifest()
        editManifest(&manifest)
        let manifestEnvelope = try (manifestSigner ?? researcher).sign(manifest.bytes)

        var approvals: [Envelope] = []
        for (index, reviewer) in reviewers.enumerated() {
            var approval = Approval(
                of: manifest.digest,
                decision: .approve,
                account: "acc_reviewer\(index)",
                keyID: reviewer.publicKey.keyID,
                notBefore: Self.start.adding(seconds: -3600)
            )
            editApproval(&approval)
            approvals.append(try (approvalSigner ?? reviewer).sign(approval.bytes))
        }

        var paying = Self.report(manifest, approvals: approvals, log: [], quorum: quorum)
        editReport(&paying)
        let payment = try startSpec.paid(paying)
        let beginning = try startSpec.starting(paying)
        var tree = MerkleTree()
        var leaves = [Array("event 0".utf8), payment, Array("event 2".utf8)]
        leaves[startSpec.beganAt] = beginning
        for leaf in leaves { tree.append(leaf) }
        var planned = Self.report(manifest, approvals: approvals, log: try site.checkpoint(tree), quorum: quorum)
        editReport(&planned)
        let start = try startSpec.sign(planned, site: site, timestamps: withTimestamps)
        let keyEntry = try startSpec.keyReleased(planned, start: start.envelope.payloadDigest)
        tree.append(keyEntry)
        let early = try site.checkpoint(tree)
        var report = Self.report(manifest, approvals: approvals, log: early, quorum: quorum)
        report.startStatement = start.envelope.payloadDigest
        editReport(&report)
        try editSiteReport(&report, site)
        let charge = try startSpec.charged(report)
        if let charge { tree.append(charge) }
        var statement = try JSONReader.read(report.statement())
        editStatement(&statement)
        var payload = CanonicalJSON.encode(statement)
        editPayload(&payload)

        let certificate = try leaf.issue(site: site, timestamps: withTimestamps)
        let envelope = try leaf.key.sign(payload)
        let leafIndex = tree.size
        let entry = envelope.logEntry(certificate: certificate)
        tree.append(entry)
        for _ in 0..<issuedGap { tree.append(Array("between".utf8)) }
        let issuedIndex = tree.size
        let issued = try issuedLeaf(at: issuedIndex, report: report, id: envelope.payloadDigest)
        tree.append(issued)
        tree.append(Array("later".utf8))
        let checkpoint = try site.checkpoint(tree)

        var evidence: [String: [UInt8]] = [:]
        for (name, bytes) in try EvidenceFiles.signed(
            envelope,
            leaf: certificate,
            platform: site.platform.certificate,
            root: site.root.certificate
        ) {
            evidence[name] = bytes
        }
        if var bytes = evidence[EvidenceFiles.report] {
            editEnvelope(&bytes)
            evidence[EvidenceFiles.report] = bytes
        }
        evidence[EvidenceFiles.manifest] = manifest.bytes
        evidence[EvidenceFiles.manifestEnvelope] = manifestEnvelope.bytes
        for (index, approval) in approvals.enumerated() {
            evidence[EvidenceFiles.approval(index, keyID: approval.keyID)] = approval.bytes
        }
        evidence[EvidenceFiles.codeDigests] = manifest.core.code.line
        evidence[EvidenceFiles.disclosure] = Array("{}".utf8)
        let disclosure = DisclosureStatement(manifestDigest: manifest.digest, job: planned.jobID, record: [:])
        let discloser = LeafSpec()
        evidence[EvidenceFiles.signedDisclosure] = try discloser.key.sign(disclosure.bytes).bytes
        evidence[EvidenceFiles.disclosureLeaf] = PEM.encode(
            try discloser.issue(site: site, timestamps: withTimestamps),
            label: "CERTIFICATE"
        )
        evidence[EvidenceFiles.start] = start.envelope.bytes
        evidence[EvidenceFiles.startLeaf] = PEM.encode(start.certificate, label: "CERTIFICATE")
        evidence[EvidenceFiles.keyEntry] = keyEntry
        evidence[EvidenceFiles.paymentEntry] = payment
        evidence[EvidenceFiles.runEntry] = beginning
        evidence[EvidenceFiles.chargeEntry] = charge
        if workflow.isMade {
            let submission = manifestSigner ?? researcher
            for (name, bytes) in try workflow.files(manifest, report, submission, reviewers) { evidence[name] = bytes }
        }
        // A payload that was spoilt may have no claims.
        if let token = try? AttestationToken(payload: payload, issuer: leaf.issuer) {
            evidence[EvidenceFiles.cwt] = try token.cwt(key: leaf.key)
            evidence[EvidenceFiles.jwt] = try token.jwt(key: leaf.key)
        }
        var places: [(UInt64, String)] = [
            (leafIndex, EvidenceFiles.proof), (issuedIndex, EvidenceFiles.issuedProof), (3, EvidenceFiles.keyProof),
            (1, EvidenceFiles.paymentProof), (UInt64(startSpec.beganAt), EvidenceFiles.runProof),
        ]
        if charge != nil { places.append((4, EvidenceFiles.chargeProof)) }
        for (index, name) in places {
            let hashes = try tree.inclusion(index: index, size: tree.size)
            evidence[name] = TlogProof(index: index, hashes: hashes, checkpoint: checkpoint).bytes
        }
        evidence[EvidenceFiles.issuedEntry] = issued
        if withTimeAuthority {
            let response = try stamp.response(over: envelope.signature, by: site.stamps)
            evidence[EvidenceFiles.timestamp] = response
            evidence[EvidenceFiles.timeAuthority] = PEM.encode(site.stamps.chain.signer, label: "CERTIFICATE")
            evidence[EvidenceFiles.timeRoot] = PEM.encode(site.stamps.chain.root, label: "CERTIFICATE")
            let proof = try TlogProof(parsing: evidence[EvidenceFiles.proof] ?? [])
            var bundle = try JSONReader.read(
                SigstoreBundle.make(
                    envelope,
                    certificate: certificate,
                    timestamp: response,
                    entry: entry,
                    proof: proof,
                    log: site.log.key
                )
            )
            editBundle(&bundle)
            evidence[EvidenceFiles.bundle] = CanonicalJSON.encode(bundle)
        }
        editEvidence(&evidence)
        return Files(evidence: evidence, trust: try trust(site), manifest: manifest)
    }

    private func trust(_ site: Site) throws -> [String: [UInt8]] {
        let began = Self.start.adding(seconds: -86_400)
        var roles = [RoleKey(.researcher, account: "acc_researcher", key: researcher.publicKey, validFrom: began)]
        for (index, reviewer) in reviewers.enumerated() {
            roles.append(
                RoleKey(.reviewer, account: "acc_reviewer\(index)", key: reviewer.publicKey, validFrom: began)
            )
        }
        roles.append(RoleKey(.owner, account: "acc_owner", key: workflow.owner.publicKey, validFrom: began))
        let attester = TrustedAttester(
            identity: Self.identity,
            issuer: Self.issuer,
            caKeyIdentifier: site.platform.subjectKeyIdentifier
        )
        var policy = TrustPolicy(
            attesters: [attester],
            roles: roles,
            reference: ReferenceValues(
                supervisors: [Self.digest("supervisor")],
                launchers: [Self.digest("launcher")],
                shims: [Self.digest("shim")]
            ),
            approvalThreshold: 1,
            minPolicyVersions: [PolicyFloor(name: "aggregate-table", version: 2)]
        )
        editTrust(&policy)
        editSiteTrust(&policy, site)
        var keys = SiteKeys(
            log: site.log.key,
            root: site.root.certificate,
            platform: site.platform.certificate,
            timestamps: withTimestamps ? site.timestamps.publicKey : nil,
            timeAuthority: withTimeAuthority ? site.stamps.chain : nil,
            validFrom: keysValidFrom
        )
        keys.witnessing = try witnessing(site)
        let files = try TrustFiles.make(site: keys, policy: policy, root: site.root)
        var trust = Dictionary(uniqueKeysWithValues: files.files.map { ($0.name, $0.bytes) })
        editTrustFiles(&trust)
        return trust
    }

    private func issuedLeaf(at index: UInt64, report: Report, id: Digest) throws -> [UInt8] {
        let event = IssuedEvent.make(
            job: report.jobID,
            project: nil,
            reportID: id,
            nonce: report.nonce
        )
        var random = SystemRandomNumberGenerator()
        let place = EventPlace(index: index, time: issuedAt, monotonic: 1)
        var value = try JSONReader.read(event.leaf(at: place, context: Self.context, using: &random).leaf)
        editIssued(&value)
        return CanonicalJSON.encode(value)
    }

    static let context = EventContext(
        origin: origin,
        datasite: "hospital-a",
        version: "0.1.0",
        bootID: bootID,
        supervisor: digest("supervisor"),
        config: digest("config"),
        pseudonymKey: [UInt8](repeating: 7, count: 32)
    )

    static func digest(_ text: String) -> Digest { Hashing.sha256(Array(text.utf8)) }

    static func manifest() -> Manifest {
        let files = [
            CodeFile(path: "main.py", mode: "0644", size: 812, digest: digest("main.py")),
            CodeFile(path: "table.spec.json", mode: "0644", size: 90, digest: digest("spec")),
        ]
        let core = Manifest.Core(
            code: CodeDigests(nar: digest("nar"), gitTree: digest("git"), dirHash: files.listDigest),
            files: files,
            image: Manifest.NamedDigest(name: "python", digest: digest("image")),
            executors: [
                Manifest.Executor(argv: ["python3", "main.py"], env: ["LANG": "C.UTF-8", "PYTHONHASHSEED": "0"])
            ],
            profile: Manifest.NamedDigest(name: "default", digest: digest("profile")),
            limits: Manifest.Limits(
                cpuSeconds: 600,
                wallSeconds: 900,
                memoryBytes: 2 << 30,
                pids: 128,
                diskBytes: 1 << 30,
                files: 10_000
            ),
            deterministic: Manifest.Deterministic(seed: 1, clock: Instant(seconds: 1_577_836_800), threads: 1),
            params: ["year": "2024"]
        )
        let commit = Commitment.salted(Array("rows".utf8), salt: [UInt8](repeating: 3, count: 32))
        return Manifest(
            site: "hospital-a",
            project: "prj_1",
            submitter: "acc_researcher",
            mode: .real,
            core: core,
            inputs: [Manifest.Input(name: "fair", version: 1, kind: .real, mount: "/data/fair", commit: commit)],
            policies: Manifest.Policies(
                input: digest("input"),
                processing: digest("processing"),
                output: digest("output")
            ),
            outputs: [Manifest.Output()],
            purpose: "counts by sex",
            paramsAllowed: [Manifest.ParameterRange(name: "year", from: "2015", to: "2024")]
        )
    }

    static func report(_ manifest: Manifest, approvals: [Envelope], log: [UInt8], quorum: UInt64) -> Report {
        let kernel = Report.Kernel(version: "6.12.9", bootID: bootID, lsm: "landlock", sysctls: ["kernel.yama": "1"])
        let readback = Report.Readback(
            seccomp: "2",
            noNewPrivs: "1",
            capEff: "0",
            capabilities: TextMap(
                ["CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"].map { ($0, "0000000000000000") }
            ),
            mountinfo: digest("mountinfo"),
            uidMap: "0 100000 1",
            landlockABI: "6",
            namespaces: TextMap(["ipc", "mnt", "net", "pid", "user", "uts"].map { ($0, "4026532001") }),
            controlGroup: ["memory.max": "2147483648", "pids.max": "129"]
        )
        let executor = manifest.core.executors[0]
        return Report(
            jobID: "job_1",
            manifestDigest: manifest.digest,
            coreDigest: manifest.coreDigest,
            previousReport: .zero,
            outcome: .released,
            assurance: Report.Assurance(weaker: ["cgroup-memory"]),
            attester: Report.Attester(
                identity: identity,
                supervisor: digest("supervisor"),
                svn: 1,
                launcher: digest("launcher"),
                kernel: kernel
            ),
            jail: Report.Jail(
                policy: manifest.core.profile.digest,
                seccompBPF: [("x86_64", digest("bpf"))],
                readback: readback,
                deterministic: manifest.core.deterministic.map {
                    Report.Deterministic(fixed: $0, shim: digest("shim"), notFixed: ["file-times"])
                }
            ),
            rootfs: Report.Rootfs(digest: manifest.core.image.digest, format: "erofs"),
            code: Report.Code(digests: manifest.core.code, files: manifest.core.files.listDigest),
            invocation: Report.Invocation(executor, umask: "0077", limits: manifest.core.limits),
            inputs: manifest.inputs.map { Report.Input($0, schema: digest("schema"), rowBucket: "1k-10k") },
            policies: Report.Policies(
                input: Report.Policy(name: "fair-input", version: 1, digest: digest("input")),
                processing: Report.Policy(name: "processing-default", version: 1, digest: digest("processing")),
                output: Report.Policy(name: "aggregate-table", version: 2, digest: digest("output")),
                trustVersion: 1
            ),
            approvals: approvals.map { Report.ApprovalRecord($0, role: "reviewer") },
            approvalQuorum: Report.Quorum(need: quorum, have: UInt64(approvals.count)),
            outputs: Report.Outputs(
                released: [
                    Report.Released(
                        name: "outputs/table.csv",
                        digest: Hashing.sha256(table),
                        size: UInt64(table.count),
                        rules: ["threshold:pass", "rounding:pass"]
                    ),
                    Report.Released(
                        name: "outputs/notes.txt",
                        digest: Hashing.sha256(notes),
                        size: UInt64(notes.count),
                        rules: ["size:pass"]
                    ),
                ],
                withheld: [
                    Report.Withheld(
                        commit: Commitment.salted([1], salt: [UInt8](repeating: 1, count: 32)),
                        reason: "R12"
                    )
                ],
                disclosure: Hashing.sha256(Array("{}".utf8))
            ),
            usage: Report.Usage(exitCode: "0", signal: "", cpuBucket: "1s-10s"),
            time: Report.Time(start: start, end: start.adding(seconds: 60)),
            keyRelease: 3,
            log: Report.LogPosition(origin: origin, startIndex: 2, checkpoint: log)
        )
    }
}
