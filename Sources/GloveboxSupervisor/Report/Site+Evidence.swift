internal import GloveboxAPI
internal import GloveboxAttestation
internal import GloveboxCore
internal import GloveboxJail
internal import GloveboxJobs
internal import GloveboxPolicy
internal import GloveboxStore
internal import GloveboxTransparency

extension Site {
    /// The evidence directory of a job, log proofs made fresh.
    func receipt(_ id: String, for caller: Caller) throws(GloveboxError) -> NamedFiles {
        let entry = try visible(id, to: caller)
        guard try info(id, for: caller).phase.isTerminal, let blob = entry.evidence, let index = entry.reportIndex
        else {
            throw GloveboxError(
                "job.phase",
                "job \(id) has no report yet",
                hint: "Watch it with 'glovebox status \(id)'."
            )
        }
        var files = try NamedFiles(json: JSONReader.read(blobs.get(blob))).files.filter {
            $0.path != EvidenceFiles.entry
        }
        let note = try witnessedNote(covering: max(index + 1, entry.job.eventIndex))
        let report = try log.proof(index, under: note)
        let issued = try log.proof(index + 1, under: note)
        files.append(NamedFile(path: EvidenceFiles.entry, content: report.entry))
        files.append(NamedFile(path: EvidenceFiles.proof, content: report.proof.bytes))
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
            log: keys.log.key
        )
    }

    /// Zeros that make every receipt one of a few lengths, so that its length tells nothing.
    private func padding(_ files: [NamedFile], _ entry: JobEntry) -> NamedFile {
        let total = files.reduce(0) { $0 + Int64($1.content.count) }
        let sizes = outputPolicy(of: entry)?.channels.pad ?? []
        let largest = max(1, sizes.max() ?? 65536)
        let size = sizes.sorted().first { $0 >= total } ?? (total + largest - 1) / largest * largest
        return NamedFile(path: NamedFiles.padding, content: [UInt8](repeating: 0, count: Int(size - total)))
    }

    /// The trust files as published.
    func trust() throws(GloveboxError) -> NamedFiles {
        var files: [NamedFile] = []
        for name in TrustFiles.Name.all {
            files.append(NamedFile(path: name, content: try StateFile.read(layout.root + "/" + name)))
        }
        return NamedFiles(files)
    }

    /// The trust policy as last signed; nil before the first.
    private func publishedTrust() throws(GloveboxError) -> (policy: TrustPolicy, digest: Digest)? {
        let path = layout.root + "/" + TrustFiles.Name.trustPolicy
        guard StateFile.exists(path) else { return nil }
        return try TrustPolicy.open(StateFile.read(path), root: keys.root.key.publicKey)
    }

    /// Version of the trust policy that reports name.
    func trustVersion() throws(GloveboxError) -> UInt64 { try publishedTrust()?.policy.version ?? 0 }

    /// Publishes the trust files again when they name other programs or witnesses, as after an upgrade.
    func refreshTrust() throws(GloveboxError) {
        let known = try publishedTrust()?.policy.reference
        let isKnown =
            known?.supervisors.contains(host.supervisor) == true && known?.launchers.contains(host.launcher) == true
            && host.shim.map { known?.shims.contains($0) == true } ?? true
            && host.mapped.allSatisfy { known?.mapped.contains($0.digest) == true }
        func published(_ name: String) throws(GloveboxError) -> [UInt8] {
            let path = layout.root + "/" + name
            return StateFile.exists(path) ? try StateFile.read(path) : []
        }
        let logPolicy = try published(TrustFiles.Name.logPolicy)
        let trustedRoot = try published(TrustFiles.Name.trustedRoot)
        let isPublished = settings.witnessing.map { $0.bytes == logPolicy } ?? true
        let vouched = try publishedTrust()?.policy.attestationKeys ?? []
        let isVouched = tpm.map { vouched.contains($0.trusted) } ?? true
        let isDelegate = try publishedTrust()?.policy.roles.contains { $0.role == .site } ?? false
        if isKnown, isDelegate, isPublished, isVouched, trustedRoot == siteKeys.trustedRootFile { return }
        try writeTrustFiles()
    }

    /// Signs and publishes the trust files for the keys enrolled and the programs running now.
    ///
    /// Programs once trusted stay listed, so that old reports still verify.
    func writeTrustFiles() throws(GloveboxError) {
        let last = try publishedTrust()
        let filter = Machine.sha256(try ShippedProfiles.named(Self.profileName).compiled())
        let before = last?.policy.reference
        func joined(_ old: [Digest]?, _ new: [Digest]) -> [Digest] {
            (old ?? []) + new.filter { old?.contains($0) != true }
        }
        var policy = TrustPolicy(
            attesters: [
                TrustedAttester(
                    identity: configuration.attester,
                    issuer: configuration.issuer,
                    caKeyIdentifier: keys.platform.subjectKeyIdentifier
                )
            ],
            roles: enrolledKeys(),
            reference: ReferenceValues(
                supervisors: joined(before?.supervisors, [host.supervisor]),
                launchers: joined(before?.launchers, [host.launcher]),
                mapped: joined(before?.mapped, host.mapped.map(\.digest)),
                seccompBPF: joined(before?.seccompBPF, [filter]),
                shims: joined(before?.shims, host.shim.map { [$0] } ?? [])
            ),
            approvalThreshold: UInt64(configuration.planQuorum)
        )
        policy.attestationKeys = last?.policy.attestationKeys ?? []
        if let trusted = tpm?.trusted, !policy.attestationKeys.contains(trusted) {
            policy.attestationKeys.append(trusted)
        }
        if let last {
            policy.version = last.policy.version + 1
            policy.previous = last.digest
        }
        for file in try TrustFiles.make(site: siteKeys, policy: policy, root: keys.root).files {
            try StateFile.write(file.bytes, to: layout.root + "/" + file.name, mode: 0o644)
        }
    }

    private var siteKeys: SiteKeys {
        SiteKeys(
            log: keys.log.key,
            root: keys.root.certificate,
            platform: keys.platform.certificate,
            timestamps: keys.timestamps.publicKey,
            timeAuthority: keys.timeChain,
            validFrom: configuration.founded,
            witnessing: settings.witnessing?.bytes
        )
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
