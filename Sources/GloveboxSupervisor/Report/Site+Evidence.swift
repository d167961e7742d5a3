internal import GloveboxAPI
internal import GloveboxAttestation
internal import GloveboxCore
internal import GloveboxJail
internal import GloveboxJobs
internal import GloveboxPolicy
internal import GloveboxStore
internal import GloveboxTransparency
internal import Synchronization

extension Site {
    /// What proves to others that a run may begin: its start statement, and everything that rests on.
    func evidence(of start: StartStatement, _ entry: JobEntry) throws(GloveboxError) -> KeyEvidence {
        KeyEvidence(
            statement: start.envelope,
            leaf: start.leaf,
            manifest: entry.manifestBytes,
            manifestEnvelope: entry.envelope,
            votes: try entry.countedApprovals.map(\.envelope.bytes),
            trust: try trustFiles()
        )
    }

    /// The trust files by name.
    func trustFiles() throws(GloveboxError) -> [String: [UInt8]] {
        var files: [String: [UInt8]] = [:]
        for file in try trust().files { files[file.path] = file.content }
        return files
    }

    /// The evidence directory of a job, log proofs made fresh.
    func receipt(_ id: String, for caller: Caller) throws(GloveboxError) -> NamedFiles {
        let entry = try visible(id, to: caller)
        try requireRecipient(of: entry, caller)
        guard try info(id, for: caller).phase.isTerminal, let blob = entry.evidence, let index = entry.reportIndex
        else {
            throw GloveboxError(
                "job.phase",
                "job \(id) has no report yet",
                hint: "Watch it with 'glovebox status \(id)'."
            )
        }
        try requireKept(blob, of: entry)
        var files = try NamedFiles(json: JSONReader.read(blobs.get(blob))).files.filter {
            $0.path != EvidenceFiles.entry
        }
        let note = try witnessedNote(covering: max(index + 1, entry.job.eventIndex))
        let report = try log.proof(index, under: note)
        let issued = try log.proof(index + 1, under: note)
        files.append(NamedFile(path: EvidenceFiles.entry, content: report.entry))
        files.append(NamedFile(path: EvidenceFiles.proof, content: report.proof.bytes))
        func add(_ index: UInt64, _ entry: String, _ proof: String) throws(GloveboxError) -> [UInt8] {
            let logged = try log.proof(index, under: note)
            files.append(NamedFile(path: entry, content: logged.entry))
            files.append(NamedFile(path: proof, content: logged.proof.bytes))
            return logged.entry
        }
        if let claims = try claims(files) {
            _ = try add(claims.log.startIndex, EvidenceFiles.runEntry, EvidenceFiles.runProof)
            if let index = claims.keyRelease {
                let key = try add(index, EvidenceFiles.keyEntry, EvidenceFiles.keyProof)
                if let paid = try Self.payment(key, at: index) {
                    _ = try add(paid, EvidenceFiles.paymentEntry, EvidenceFiles.paymentProof)
                }
            }
            if let charge = claims.privacy?.ledgerIndex {
                _ = try add(charge, EvidenceFiles.chargeEntry, EvidenceFiles.chargeProof)
            }
        }
        if let bundle = try bundle(files, report) {
            files.append(NamedFile(path: EvidenceFiles.bundle, content: bundle))
        }
        files += try trust().files
        files.append(NamedFile(path: EvidenceFiles.issuedEntry, content: issued.entry))
        files.append(NamedFile(path: EvidenceFiles.issuedProof, content: issued.proof.bytes))
        files.append(padding(files, entry))
        try record(Event(kind: .outputDownloaded, job: id, output: "receipt", actor: caller.account))
        return NamedFiles(files)
    }

    /// Checks that a job's results were not destroyed at the end of their time.
    ///
    /// - Throws: `output.destroyed`.
    func requireKept(_ blob: Digest, of entry: JobEntry) throws(GloveboxError) {
        guard !blobs.has(blob) else { return }
        throw GloveboxError(
            "output.destroyed",
            "the results of \(entry.job.id) were destroyed when their time was over",
            hint: "The log keeps what happened; 'retention.results_days' is the site's setting."
        )
    }

    /// What the report says; nil when there is none.
    private func claims(_ files: [NamedFile]) throws(GloveboxError) -> Report? {
        guard let file = files.first(where: { $0.path == EvidenceFiles.report })?.content else { return nil }
        return try Report(predicate: Statement(parsing: Envelope(parsing: file).payload, expecting: .report).predicate)
    }

    /// Where the log has the payment for a released key; nil for a release that an earlier version logged.
    private static func payment(_ release: [UInt8], at index: UInt64) throws(GloveboxError) -> UInt64? {
        try PublicEvent(JSONReader.readCanonical(release), at: index)["paid"].flatMap { UInt64($0) }
    }

    /// The report as a Sigstore bundle; nil for one that was made before the site had a time-stamping authority.
    private func bundle(
        _ files: [NamedFile],
        _ report: (entry: [UInt8], proof: TlogProof)
    ) throws(GloveboxError) -> [UInt8]? {
        guard let envelope = files.first(where: { $0.path == EvidenceFiles.report })?.content,
            let timestamp = files.first(where: { $0.path == EvidenceFiles.timestamp })?.content
        else { return nil }
        return try SigstoreBundle.make(
            Envelope(parsing: envelope),
            certificate: HashedRekord.parse(report.entry).certificate,
            timestamp: timestamp,
            entry: report.entry,
            proof: report.proof,
            log: signing(report.proof.checkpoint)
        )
    }

    /// The log's key that a bundle names: while two sign, the one that readers have known for longer.
    private func signing(_ note: [UInt8]) throws(GloveboxError) -> NoteKey {
        let note = try SignedNote(parsing: note)
        return log.keys.last { note.line(of: $0) != nil } ?? log.key
    }

    /// Zeros that make every receipt one of a few lengths, so that its length tells nothing.
    private func padding(_ files: [NamedFile], _ entry: JobEntry) -> NamedFile {
        let total = files.reduce(0) { $0 + Int64($1.content.count) }
        let sizes = entry.rules.output.channels.pad
        let largest = max(1, sizes.max() ?? 65536)
        let size = sizes.sorted().first { $0 >= total } ?? (total + largest - 1) / largest * largest
        return NamedFile(path: NamedFiles.padding, content: [UInt8](repeating: 0, count: Int(size - total)))
    }

    /// The trust files as published.
    func trust() throws(GloveboxError) -> NamedFiles {
        var files: [NamedFile] = []
        for name in TrustFiles.Name.all {
            files.append(NamedFile(path: name, content: try publishedFiles.read(layout.root + "/" + name)))
        }
        return NamedFiles(files)
    }

    /// The trust policy as last signed; nil before the first.
    func publishedTrust() throws(GloveboxError) -> (policy: TrustPolicy, digest: Digest)? {
        let path = layout.root + "/" + TrustFiles.Name.trustPolicy
        guard StateFile.exists(path) else {
            // Anew it would begin at version 1, and what it listed, withdrawn keys among it, would seem never to have been.
            guard read({ state in state.previousReport == .zero && state.revocations.isEmpty }) else {
                throw GloveboxError(
                    "trust.missing",
                    "\(TrustFiles.Name.trustPolicy) is gone, although reports or withdrawn keys rest on it",
                    hint: "Put it back from a backup, or from any report's evidence."
                )
            }
            return nil
        }
        let file = try publishedFiles.read(path)
        // Every report names the policy, and its signature is as good as it was while its bytes are the same.
        if let known = openedTrust.withLock({ $0 }), known.file == file { return (known.policy, known.digest) }
        // Between the change of the root and the next policy, the one before has signed.
        for root in keys.record.all(.root) {
            do throws(GloveboxError) {
                let (policy, digest) = try TrustPolicy.open(file, rootCertificate: root.parts[0])
                openedTrust.withLock { $0 = (file, policy, digest) }
                return (policy, digest)
            } catch {
                guard error.code == "trust.signature" else { throw error }
            }
        }
        throw GloveboxError("trust.signature", "the published trust policy is not signed by a root of this site")
    }

    /// Version of the trust policy that reports name.
    func trustVersion() throws(GloveboxError) -> UInt64 { try publishedTrust()?.policy.version ?? 0 }

    /// Publishes the trust files again when they no longer say what there is, as after an upgrade.
    ///
    /// A root that is kept off the site signs later, by `keys sign`.
    func refreshTrust() throws(GloveboxError) {
        if try !isTrustCurrent() { try writeTrustFiles() }
    }

    /// Whether the published trust files say what there is; false while they wait for a root that is kept off the site.
    func isTrustCurrent() throws(GloveboxError) -> Bool {
        guard let last = try publishedTrust() else { return false }
        var policy = try trustPolicy()
        policy.version = last.policy.version
        policy.previous = last.policy.previous
        return TrustFiles.digest(site: try siteKeys(), policy: policy) == last.digest
    }

    /// Signs and publishes the trust files for the keys enrolled and the programs running now; without the root's key
    /// the published ones stay.
    func writeTrustFiles(root given: CertificateAuthority? = nil) throws(GloveboxError) {
        guard let root = given ?? keys.root else { return }
        for file in try TrustFiles.make(site: siteKeys(), policy: trustPolicy(), root: root).files {
            try StateFile.write(file.bytes, to: layout.root + "/" + file.name, mode: 0o644)
        }
    }

    /// The next trust policy.
    ///
    /// Programs, CAs and keys once trusted stay listed, so that old reports still verify.
    private func trustPolicy() throws(GloveboxError) -> TrustPolicy {
        let last = try publishedTrust()
        let filter = Machine.sha256(try ShippedProfiles.named(Self.profileName).compiled())
        let before = last?.policy.reference
        func joined(_ old: [Digest]?, _ new: [Digest]) -> [Digest] {
            new.reduce(into: old ?? []) { list, digest in if !list.contains(digest) { list.append(digest) } }
        }
        var reference = ReferenceValues(
            supervisors: joined(before?.supervisors, [host.supervisor]),
            launchers: joined(before?.launchers, [host.launcher]),
            mapped: joined(before?.mapped, host.mapped.map(\.digest)),
            seccompBPF: joined(before?.seccompBPF, [filter]),
            shims: joined(before?.shims, host.shim.map { [$0] } ?? [])
        )
        let run = runReferences()
        reference.images = joined(before?.images, run.images)
        reference.profiles = joined(before?.profiles, run.profiles)
        reference.kernels = joined(before?.kernels, run.kernels)
        reference.policies = joined(before?.policies, run.policies)
        reference.commandLines = joined(before?.commandLines, host.kernel.cmdline.map { [$0] } ?? [])
        reference.securityModules = joined(before?.securityModules, [Machine.sha256(Array(host.kernel.lsm.utf8))])
        // The first list has what the TPM measured before there was one, since it was reset.
        let measured = before?.configurations.isEmpty ?? true ? tpm?.configurations : tpm.map { _ in [configDigest] }
        reference.configurations = joined(before?.configurations, measured ?? [])
        let floors = settings.floors.raised(over: last?.policy)
        reference.minSVN = floors.svn
        var policy = TrustPolicy(
            attesters: try siteKeys().authorities.map { authority throws(GloveboxError) in
                TrustedAttester(
                    identity: configuration.attester,
                    issuer: configuration.issuer,
                    caKeyIdentifier: try CertificateAuthority.keyIdentifier(of: authority.key.platform)
                )
            },
            roles: enrolledKeys(),
            reference: reference,
            approvalThreshold: UInt64(configuration.planQuorum),
            minPolicyVersions: floors.policies,
            revocations: read { state in state.revocations }
        )
        // One that is listed already keeps its time.
        var inUse = tpm?.trusted
        inUse?.validFrom = KeyCeremony.changeover()
        policy.attestationKeys = floors.keys(before: last?.policy.attestationKeys ?? [], inUse: inUse)
        policy.accept = settings.insecure
        policy.successions = keys.record.successions
        policy.brokers = brokers(before: last?.policy.brokers ?? [])
        if let last {
            policy.version = last.policy.version + 1
            policy.previous = last.digest
        }
        return policy
    }

    /// What a broker gives keys out for: images and policies that were registered, this kernel, this jail.
    private func runReferences() -> (images: [Digest], profiles: [Digest], kernels: [Digest], policies: [Digest]) {
        let (images, policies) = read { state in
            (
                state.images.sorted { $0.hex < $1.hex },
                state.outputPolicies.values.map(\.document.digest).sorted { $0.hex < $1.hex }
                    + (state.processingPolicy.map { [$0.document.digest] } ?? [])
            )
        }
        let profiles = ShippedProfiles.bytes(Self.profileName).map { [Machine.sha256($0)] } ?? []
        return (images, profiles, [Machine.sha256(Array(host.kernel.version.utf8))], policies)
    }

    /// The broker's keys; what was listed stays so, where a record of an earlier version does not name it.
    private func brokers(before: [TrustedBroker]) -> [TrustedBroker] {
        let entries = keys.record.all(.broker)
        guard !entries.isEmpty else { return before }
        return entries.map { TrustedBroker($0.key, validFrom: $0.from, validTo: $0.to) }
    }

    private func siteKeys() throws(GloveboxError) -> SiteKeys {
        try keys.siteKeys(witnessing: settings.witnessing?.bytes)
    }

    private func enrolledKeys() -> [RoleKey] {
        var keys = [
            RoleKey(.site, account: "site", key: self.keys.links.publicKey, validFrom: configuration.founded)
        ]
        for account in read({ state in state.accounts.values.sorted { $0.id < $1.id } }) {
            for role in account.roles.sorted(by: { $0.rawValue < $1.rawValue }) {
                guard let role = RoleKey.Role(rawValue: role.rawValue) else { continue }
                for key in account.keys {
                    keys.append(RoleKey(role, account: account.id, key: key.key, validFrom: key.since))
                }
            }
        }
        return keys
    }
}
