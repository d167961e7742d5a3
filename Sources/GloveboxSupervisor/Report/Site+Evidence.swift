internal import GloveboxAPI
internal import GloveboxAttestation
internal import GloveboxCore
internal import GloveboxJail
internal import GloveboxJobs
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
        let report = try log.proof(index)
        let issued = try log.proof(index + 1)
        files.append(NamedFile(path: EvidenceFiles.entry, content: report.entry))
        files.append(NamedFile(path: EvidenceFiles.proof, content: report.proof.bytes))
        files.append(NamedFile(path: EvidenceFiles.issuedEntry, content: issued.entry))
        files.append(NamedFile(path: EvidenceFiles.issuedProof, content: issued.proof.bytes))
        try record(Event(kind: .outputDownloaded, job: id, output: "receipt", actor: caller.account))
        return NamedFiles(files)
    }

    /// Names of the trust files beside each other in the state directory.
    private static let trustNames = [
        TrustFiles.Name.trustConfig, TrustFiles.Name.trustedRoot, TrustFiles.Name.trustPolicy,
        TrustFiles.Name.logPolicy,
    ]

    /// The trust files as published.
    func trust() throws(GloveboxError) -> NamedFiles {
        var files: [NamedFile] = []
        for name in Self.trustNames {
            files.append(NamedFile(path: name, content: try StateFile.read(layout.root + "/" + name)))
        }
        return NamedFiles(files)
    }

    /// How many times the trust policy was issued: once at founding and once for each enrolled key.
    func trustVersion() throws(GloveboxError) -> UInt64 {
        UInt64(1 + read { state in state.accounts.values.reduce(0) { $0 + $1.keys.count } })
    }

    /// Signs and publishes the trust files for the keys enrolled now.
    func writeTrustFiles() throws(GloveboxError) {
        let accounts = read { state in state.accounts.values.sorted { $0.id < $1.id } }
        var roles: [RoleKey] = []
        for account in accounts {
            for role in account.roles.sorted(by: { $0.rawValue < $1.rawValue }) {
                guard let role = RoleKey.Role(rawValue: role.rawValue) else { continue }
                for key in account.keys {
                    roles.append(RoleKey(role, account: account.id, key: key.key, validFrom: key.since))
                }
            }
        }
        let version = try trustVersion()
        let profile = Machine.sha256(try ShippedProfiles.named(Self.profileName).compiled())
        var policy = TrustPolicy(
            attesters: [
                TrustedAttester(
                    identity: configuration.attester,
                    issuer: configuration.issuer,
                    caKeyIdentifier: keys.platform.subjectKeyIdentifier
                )
            ],
            roles: roles,
            reference: ReferenceValues(
                supervisors: [host.supervisor],
                launchers: [host.launcher],
                seccompBPF: [profile]
            ),
            approvalThreshold: UInt64(configuration.planQuorum)
        )
        policy.version = version
        let path = layout.root + "/" + TrustFiles.Name.trustPolicy
        if version > 1, StateFile.exists(path) {
            let before = try Envelope(parsing: StateFile.read(path), expecting: TrustPolicy.payloadType)
            policy.previous = before.payloadDigest
        }
        let site = SiteKeys(
            log: keys.log.key,
            root: keys.root.certificate,
            platform: keys.platform.certificate,
            timestamps: keys.timestamps.publicKey,
            validFrom: configuration.founded
        )
        for file in try TrustFiles.make(site: site, policy: policy, root: keys.root).files {
            try StateFile.write(file.bytes, to: layout.root + "/" + file.name, mode: 0o644)
        }
    }
}
