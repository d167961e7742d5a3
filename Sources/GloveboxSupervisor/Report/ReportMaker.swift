internal import GloveboxAPI
internal import GloveboxAttestation
internal import GloveboxBroker
internal import GloveboxCore
internal import GloveboxDisclosure
internal import GloveboxJail
internal import GloveboxJobs
internal import GloveboxLinux
internal import GloveboxPolicy
internal import GloveboxStore
internal import GloveboxTransparency
internal import Synchronization

/// Makes the signed report of a run and puts it into the log.
struct ReportMaker {
    let site: Site

    /// Signs and logs the report of a job whose decision stands, of what was kept of its run; nil for a run the supervisor
    /// did not survive.
    func issue(for job: String, kept draft: ReportDraft?) throws(GloveboxError) {
        try site.reports.withLock { _ throws(GloveboxError) in
            let entry = try entry(job)
            let workflow = try WorkflowEvidence(entry, site: site)
            let kept = if let draft { draft } else { try self.draft(entry, nil, workflow) }
            try issue(kept, entry, workflow)
        }
    }

    /// Signs and logs the report that was drafted when the run ended.
    func issue(for job: String, _ draft: ReportDraft) throws(GloveboxError) {
        try site.reports.withLock { _ throws(GloveboxError) in
            let entry = try entry(job)
            try issue(draft, entry, WorkflowEvidence(entry, site: site))
        }
    }

    /// What the report of a run will say, before it is known whether what the run left may leave.
    func draft(of job: String, facts: RunFacts) throws(GloveboxError) -> ReportDraft {
        let entry = try entry(job)
        return try draft(entry, facts, WorkflowEvidence(entry, site: site))
    }

    private func draft(
        _ entry: JobEntry,
        _ facts: RunFacts?,
        _ workflow: WorkflowEvidence?
    ) throws(GloveboxError) -> ReportDraft {
        var report = try report(entry, facts, outcome: .interrupted, workflow)
        report.keyBinding = facts?.keyBinding
        return ReportDraft(
            report: report,
            start: try (facts?.startStatement?.files ?? []) + nodeFiles(facts?.statements ?? []),
            files: [],
            disclosure: nil,
            millibits: 0
        )
    }

    private func entry(_ job: String) throws(GloveboxError) -> JobEntry {
        guard let entry = site.read({ state in state.jobs[job] }) else {
            throw GloveboxError("object.not-found", "there is no job \(job)")
        }
        return entry
    }

    private func issue(
        _ draft: ReportDraft,
        _ entry: JobEntry,
        _ workflow: WorkflowEvidence?
    ) throws(GloveboxError) {
        let isReleased = entry.job.phase == .releasing
        let released = isReleased ? draft.files : []
        var draft = draft
        if entry.isUntold {
            draft.fold(isReleased || entry.wasReviewed ? nil : try unreleased(entry))
            draft.report.time.end = max(draft.report.time.start, Instant(seconds: entry.reportTime.seconds))
            draft.disclosure = try draft.disclosure.map { (record) throws(GloveboxError) in
                CanonicalJSON.encode(
                    DisclosureRecord.leaving(try JSONReader.readCanonical(record), at: entry.reportTime)
                )
            }
        }
        var report = draft.report
        report.outcome = try outcome(entry, readBack: report.jail.readback != nil)
        // What the site is now; the run itself is as it was drafted.
        report.previousReport = site.read { state in state.previousReport }
        report.assurance = try assurance(
            weaker: report.assurance.weaker,
            channels: JailProtections.openChannels.filter(report.assurance.notProven.contains),
            workflow,
            isRemote: entry.job.lastRun?.isRemote == true
        )
        report.node = Self.node(entry)
        report.policies = try policies(entry, signer: workflow?.owner.keyID)
        report.log = position(entry)
        if report.attester.kernel.bootID != site.host.kernel.bootID { report.time.bootID = site.host.kernel.bootID }
        if !isReleased { report.outputs.released = [] }
        report.outputs.disclosure = draft.disclosure.map(Machine.sha256)
        let signed = try stamped { () throws(GloveboxError) in
            try self.signed(for: entry, withTokens: entry.wantsTokens) { leaf throws(GloveboxError) in
                try quote(&report, for: leaf)
                return report.statement()
            }
        }
        let (envelope, leaf) = (signed.envelope, signed.certificate)
        var files = try evidence(entry, draft, envelope, leaf)
        files += released.map { NamedFile(path: $0.name, content: $0.bytes) }
        files += try timestampFiles(signed)
        if let tokens = signed.tokens {
            files.append(NamedFile(path: EvidenceFiles.cwt, content: tokens.cwt))
            files.append(NamedFile(path: EvidenceFiles.jwt, content: tokens.jwt))
        }
        files += try report.quote?.files().map { NamedFile(path: $0.name, content: $0.bytes) } ?? []
        if let workflow {
            files += try workflow.files(report.outputs, released: released.map { (name: $0.name, bytes: $0.bytes) })
        }
        let blob = try site.blobs.put(CanonicalJSON.encode(NamedFiles(files).json))
        let id = Report.id(of: envelope.payload)
        let issued = IssuedEvent.make(
            job: entry.job.id,
            project: entry.manifest.project,
            reportID: id,
            nonce: report.nonce
        )
        let millibits = isReleased ? draft.millibits : entry.isUntold ? Capacity.status : 0
        var details = JSONObject([("report", id.json), ("evidence", blob.json), ("millibits", .integer(millibits))])
        // In the private body, for auditors.
        if entry.isUntold, let record = draft.record {
            let head = try Checkpoint(text: SignedNote(parsing: report.log.checkpoint).text).root
            let whole = DisclosureRecord.completed(
                try JSONReader.readCanonical(record),
                try entry.sealed?.reviews ?? [],
                report: id,
                log: (report.log.startIndex, head),
                at: entry.reportTime
            )
            let envelope = try sign(record: CanonicalJSON.encode(whole), of: entry).envelope
            details["record"] = .string(Base64.encode(envelope.bytes))
        }
        if entry.isUntold, !isReleased { try charge(entry, millibits) }
        try site.issue(envelope.logEntry(certificate: leaf), issued, .object(details))
    }

    /// Logs what a run without a result costs of its project's capacity: that there is none tells something.
    ///
    /// Source: release policy, section 7.3.
    private func charge(_ entry: JobEntry, _ millibits: Int64) throws(GloveboxError) {
        var event = Event(
            kind: .budgetSpent,
            job: entry.job.id,
            project: entry.manifest.project,
            output: Site.output(of: entry.job.id),
            idempotencyKey: "capacity spent \(entry.job.id)"
        )
        event.fields = [("budget", "capacity")]
        try site.record(event, ["millibits": .integer(millibits)])
    }

    /// What everybody is told of a run on private data that has no result, whatever kept it inside; and the same for the
    /// owner, where nothing was decided.
    private func unreleased(
        _ entry: JobEntry
    ) throws(GloveboxError) -> (disclosure: [UInt8], record: [UInt8]) {
        let data = try site.data(of: entry)
        let spent = site.read { state in state.millibits(of: entry.manifest.project) }
        let record = DisclosureRecord(
            .init(policy: entry.rules.output, inputPolicy: data.inputPolicy, lineage: data.first.lineage),
            .unreleased,
            tools: [],
            DisclosureRecord.Context(
                entry,
                data,
                site: site,
                bundle: nil,
                projectMillibits: spent + Decision.unreleased.millibits
            )
        )
        return (CanonicalJSON.encode(record.json(for: .researcher)), CanonicalJSON.encode(record.json(for: .owner)))
    }

    /// Signs what is known before the data key is asked for, under a key of its own.
    func start(
        for job: String,
        facts: RunFacts,
        asking request: Report.KeyRequest? = nil
    ) throws(GloveboxError) -> StartStatement {
        let entry = try entry(job)
        // Links of the reviewers are there by now; the outcome is not, and is left out.
        let workflow = try WorkflowEvidence(entry, site: site)
        var report = try report(entry, facts, outcome: .interrupted, workflow)
        let signed = try signed(for: entry) { leaf throws(GloveboxError) in
            try quote(&report, for: leaf, nonce: request?.nonce)
            return report.start(request)
        }
        let (envelope, leaf) = (signed.envelope, signed.certificate)
        return StartStatement(
            digest: envelope.payloadDigest,
            files: [
                NamedFile(path: EvidenceFiles.start, content: envelope.bytes),
                NamedFile(path: EvidenceFiles.startLeaf, content: PEM.encode(leaf, label: "CERTIFICATE")),
            ],
            envelope: envelope.bytes,
            leaf: leaf
        )
    }

    /// What a node signed of the jails that it ran, with its certificate and that of the CA above it.
    private func nodeFiles(_ statements: [RemoteStatement]) throws(GloveboxError) -> [NamedFile] {
        guard let first = statements.first else { return [] }
        var files = statements.enumerated().map { index, statement in
            NamedFile(path: EvidenceFiles.node(index), content: statement.envelope)
        }
        let authorities = site.keys.nodeAuthorities.map(\.certificate)
        guard let authority = authorities.first(where: { NodeCertificate.isIssued(first.certificate, by: $0) }) else {
            throw GloveboxError("node.authority", "the CA of the node's certificate is not the site's any more")
        }
        files.append(
            NamedFile(path: EvidenceFiles.nodeLeaf, content: PEM.encode(first.certificate, label: "CERTIFICATE"))
        )
        files.append(NamedFile(path: EvidenceFiles.nodeAuthority, content: PEM.encode(authority, label: "CERTIFICATE")))
        return files
    }

    /// Has the TPM vouch for a report and its leaf, where the site has one.
    private func quote(
        _ report: inout Report,
        for leaf: VerifyingKey,
        nonce: [UInt8]? = nil
    ) throws(GloveboxError) {
        guard let quote = try site.tpm?.quote(for: report, leaf: leaf.digest, nonce: nonce) else { return }
        report.quote = quote
        report.attester.keyName = try AttestationKey(parsing: quote.attestationKey).name
        report.time.tpm = try QuoteMessage(parsing: quote.message).clock
    }

    /// Signs a disclosure record under a key of its own; the certificate in DER.
    func sign(record: [UInt8], of entry: JobEntry) throws(GloveboxError) -> (envelope: Envelope, leaf: [UInt8]) {
        let statement = DisclosureStatement(
            manifestDigest: entry.job.planDigest,
            job: entry.job.id,
            record: try JSONReader.readCanonical(record)
        )
        let signed = try signed(for: entry) { _ in statement.bytes }
        return (signed.envelope, signed.certificate)
    }

    /// Has the signer make a leaf key, and sign what is stated under it once the log has the key.
    ///
    /// A signer that died on the way is asked once more, for another leaf.
    private func signed(
        for entry: JobEntry,
        withTokens: Bool = false,
        _ state: (VerifyingKey) throws(GloveboxError) -> [UInt8]
    ) throws(GloveboxError) -> SignedStatement {
        func attempt() throws(GloveboxError) -> SignedStatement {
            let key = try site.signer.leaf()
            let payload = try state(key)
            let created = Event(kind: .keyCreated, job: entry.job.id, fields: [("spki", .string(key.digest.hex))])
            let (leaf, proof) = try site.log.proof(site.record(created))
            let trust = try site.trustFiles()
            return try site.signer.sign(
                SigningRequest(
                    leaf: key.digest,
                    payload: payload,
                    withTokens: withTokens,
                    entry: leaf,
                    proof: proof.bytes,
                    evidence: SignerEvidence(
                        manifest: entry.manifestBytes,
                        manifestEnvelope: entry.envelope,
                        trust: trust
                    )
                )
            )
        }
        // The trust files may have been published anew while they were read.
        let again = ["signer.unavailable", "signer.evidence"]
        do throws(GloveboxError) { return try attempt() } catch  where again.contains(error.code) {}
        return try attempt()
    }

    /// A signed report, with another operator's time stamp where the settings name one: without it nothing leaves.
    private func stamped(
        _ sign: () throws(GloveboxError) -> SignedStatement
    ) throws(GloveboxError) -> SignedStatement {
        guard let authority = site.authority else { return try sign() }
        var last: SignedStatement?
        let stamp = try authority.stamped { () throws(GloveboxError) in
            let signed = try sign()
            last = signed
            return (signed.envelope.signature, signed.certificate)
        }
        guard let last else { throw GloveboxError("internal", "a stamp came before a signature") }
        return last.stamped(stamp)
    }

    private func timestampFiles(_ signed: SignedStatement) throws(GloveboxError) -> [NamedFile] {
        guard let stamp = signed.timestamp else {
            throw GloveboxError("timestamp.authority", "the signer gave no time stamp for a report")
        }
        let chain = site.keys.timeChain
        return [
            NamedFile(path: EvidenceFiles.timestamp, content: stamp),
            NamedFile(path: EvidenceFiles.timeAuthority, content: PEM.encode(chain.signer, label: "CERTIFICATE")),
            NamedFile(path: EvidenceFiles.timeRoot, content: PEM.encode(chain.root, label: "CERTIFICATE")),
        ]
    }

    private func evidence(
        _ entry: JobEntry,
        _ draft: ReportDraft,
        _ envelope: Envelope,
        _ leaf: [UInt8]
    ) throws(GloveboxError) -> [NamedFile] {
        var files = try EvidenceFiles.signed(
            envelope,
            leaf: leaf,
            platform: site.keys.platform,
            root: site.keys.rootCertificate
        ).map { NamedFile(path: $0.name, content: $0.bytes) }
        files += draft.start
        files.append(NamedFile(path: EvidenceFiles.manifest, content: entry.manifestBytes))
        files.append(NamedFile(path: EvidenceFiles.manifestEnvelope, content: entry.envelope))
        files.append(NamedFile(path: EvidenceFiles.codeDigests, content: entry.manifest.core.code.line))
        for (index, approval) in try entry.countedApprovals.enumerated() {
            let path = EvidenceFiles.approval(index, keyID: approval.envelope.keyID)
            files.append(NamedFile(path: path, content: approval.envelope.bytes))
        }
        if let disclosure = draft.disclosure {
            files.append(NamedFile(path: EvidenceFiles.disclosure, content: disclosure))
            let (envelope, leaf) = try sign(record: disclosure, of: entry)
            files.append(NamedFile(path: EvidenceFiles.signedDisclosure, content: envelope.bytes))
            files.append(
                NamedFile(path: EvidenceFiles.disclosureLeaf, content: PEM.encode(leaf, label: "CERTIFICATE"))
            )
        }
        return files
    }

    private func report(
        _ entry: JobEntry,
        _ facts: RunFacts?,
        outcome: Report.Outcome,
        _ workflow: WorkflowEvidence?
    ) throws(GloveboxError) -> Report {
        let core = entry.manifest.core
        guard let executor = core.executors.first else { throw GloveboxError("internal", "the plan has no command") }
        let start = facts?.start ?? entry.job.lastRun?.started ?? Machine.now()
        let end = Job.roundUp(facts?.end ?? Machine.now(), 1)
        let exact = Self.exactUsage(entry)
        let approvals = try entry.countedApprovals.map { Report.ApprovalRecord($0.envelope, role: $0.role) }
        var report = Report(
            nonce: entry.nonce,
            jobID: entry.job.id,
            run: UInt64(max(1, entry.job.runs.count)),
            manifestDigest: entry.job.planDigest,
            coreDigest: entry.coreDigest,
            submission: entry.task == nil ? .signed : .delegated,
            previousReport: site.read { state in state.previousReport },
            startStatement: facts?.startStatement?.digest,
            outcome: outcome,
            assurance: try assurance(
                weaker: facts?.protections?.weaker.map(\.name) ?? [],
                channels: facts?.protections?.openChannels ?? JailProtections.openChannels,
                workflow,
                isRemote: entry.job.lastRun?.isRemote == true
            ),
            attester: Report.Attester(
                identity: site.configuration.attester,
                supervisor: site.host.supervisor,
                svn: site.host.svn,
                launcher: site.host.launcher,
                mapped: try site.host.programs.current(),
                kernel: site.host.kernel
            ),
            jail: Report.Jail(
                policy: core.profile.digest,
                seccompBPF: facts?.filter.map { [("x86_64", $0)] } ?? [],
                readback: facts?.readback.map(Self.readback),
                deterministic: facts?.deterministic.map { account in
                    Report.Deterministic(
                        fixed: Manifest.Deterministic(
                            seed: account.fixed.seed,
                            clock: account.fixed.clock,
                            threads: Deterministic.threads
                        ),
                        shim: account.shim,
                        notFixed: Deterministic.notFixed
                    )
                }
            ),
            rootfs: Report.Rootfs(
                digest: core.image.digest,
                format: facts?.imageFormat ?? "erofs",
                interpreter: facts?.program.map {
                    Report.CodeMapping(path: $0.path, digest: $0.digest)
                }
            ),
            code: Report.Code(digests: core.code, files: core.files.listDigest),
            invocation: Report.Invocation(
                executor,
                further: Array(core.executors.dropFirst()),
                ran: facts?.commands,
                umask: facts?.readback?.umask ?? "",
                limits: core.limits
            ),
            inputs: try inputs(entry, facts),
            policies: try policies(entry, signer: workflow?.owner.keyID),
            approvals: approvals,
            approvalQuorum: Report.Quorum(
                need: entry.needsApproval ? UInt64(entry.tally.quorum.need) : 0,
                have: UInt64(entry.tally.have(at: facts?.start ?? Machine.now()))
            ),
            outputs: Report.Outputs(released: [], withheld: [], disclosure: nil),
            usage: Self.usage(entry.manifest, facts, exit: exact),
            time: Report.Time(
                start: Instant(seconds: start.seconds),
                end: end,
                monotonicNs: (SystemClock.monotonicMilliseconds / 1000 + 1) * 1_000_000_000
            ),
            keyRelease: facts?.keyRelease,
            log: position(entry)
        )
        report.node = Self.node(entry)
        return report
    }

    /// The node on which the jails of the job's last run stood.
    private static func node(_ entry: JobEntry) -> String? {
        entry.job.lastRun.flatMap { $0.isRemote ? $0.node : nil }
    }

    private func assurance(
        weaker: [String],
        channels: [String],
        _ workflow: WorkflowEvidence?,
        isRemote: Bool
    ) throws(GloveboxError) -> Report.Assurance {
        Report.Assurance(
            rootOfTrust: site.tpm?.trusted.rootOfTrust ?? .emulated,
            debug: HostFacts.isTraced(),
            insecure: site.settings.insecure,
            notProven: (site.keys.root == nil ? [] : ["root-key-offline"])
                + (try site.isSignerSeparate() ? [] : ["separate-signer"])
                + (site.isBrokerSeparate ? [] : ["separate-broker"])
                + (site.needsQuorum ? [] : ["witnesses"]) + (workflow == nil ? ["workflow"] : [])
                + (site.authority == nil ? ["separate-time-stamp"] : [])
                + (site.tpm?.trusted.rootOfTrust == .tpm2 ? [] : ["tpm"])
                + (isRemote ? ["remote-node"] : [])
                + channels,
            weaker: weaker
        )
    }

    private func position(_ entry: JobEntry) -> Report.LogPosition {
        Report.LogPosition(
            origin: site.configuration.origin,
            startIndex: entry.job.lastRun?.startIndex ?? entry.job.eventIndex,
            checkpoint: site.log.checkpoint
        )
    }

    /// Exit status folded to success or failure, which the outcome tells anyway.
    private static func exactUsage(_ entry: JobEntry) -> String? {
        entry.job.lastRun?.exit.map { String($0.collapsed) }
    }
}
