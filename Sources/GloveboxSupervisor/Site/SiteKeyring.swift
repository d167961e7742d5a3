internal import GloveboxAttestation
internal import GloveboxCore
internal import GloveboxTimestamp
internal import GloveboxTransparency

/// The site's own keys in force.
///
/// In this version one process holds them all but the root, which every report says.
struct SiteKeyring: Sendable {
    /// Which keys there are and were.
    let record: KeyringRecord
    /// The root; nil when its key is kept off the site.
    let root: CertificateAuthority?
    let platform: CertificateAuthority
    let timestamps: SigningKey
    /// Certificates of the site's own time-stamping authority.
    let timeChain: TimestampChain
    /// Stamps the signatures of reports.
    let timeAuthority: TimestampAuthority
    /// Signs the supervisor's links of in-toto workflows, and nothing else.
    let links: PersonSigner
    let log: NoteSigner
    /// Cosigns checkpoints of other logs, and nothing else.
    let witness: Cosigner
    /// Key of pseudonyms in the log.
    let pseudonyms: [UInt8]
    /// Key of the events' private bodies in the journal.
    let bodies: [UInt8]
    /// Certificate of the root, DER.
    let rootCertificate: [UInt8]

    init(_ layout: SiteLayout) throws(GloveboxError) {
        let record = try KeyringRecord(reading: layout)
        func secret(_ use: KeyUse) throws(GloveboxError) -> [UInt8] {
            try StateFile.readSecret(layout.secret(record.current(use)))
        }
        func authority(_ use: KeyUse) throws(GloveboxError) -> CertificateAuthority {
            let pem = PEM.encode(try record.current(use).parts[0], label: "CERTIFICATE")
            return try CertificateAuthority(certificatePEM: pem, keyPEM: secret(use))
        }
        let top = try record.current(.root)
        rootCertificate = top.parts[0]
        root = StateFile.exists(layout.secret(top)) ? try authority(.root) : nil
        platform = try authority(.platform)
        timestamps = try SigningKey(pem: secret(.sct))
        let stamping = try record.current(.tsa).parts
        guard stamping.count == 2 else {
            throw GloveboxError("key.record", "keys/keyring.json names no root of the time-stamping authority")
        }
        timeChain = try TimestampChain(signer: stamping[0], root: stamping[1])
        timeAuthority = try TimestampAuthority(
            certificate: timeChain.signer,
            key: PEM.decode(secret(.tsa), label: "PRIVATE KEY")
        )
        let signer = layout.signerKeys
        log = try NoteSigner(parsing: String(decoding: StateFile.readSecret(signer + "/log.key"), as: UTF8.self))
        witness = try Cosigner(
            parsing: String(decoding: StateFile.readSecret(layout.witnessKeys + "/witness.key"), as: UTF8.self)
        )
        links = try PersonSigner(pem: secret(.links))
        bodies = try StateFile.readSecret(layout.nodeKeys + "/bodies.key")
        pseudonyms = try StateFile.readSecret(layout.nodeKeys + "/pseudonyms.key")
        self.record = record
    }

    /// The public keys as trust files list them.
    func siteKeys(founded: Instant, witnessing: [UInt8]?) throws(GloveboxError) -> SiteKeys {
        func dated<Key>(
            _ use: KeyUse,
            _ read: ([[UInt8]]) throws(GloveboxError) -> Key
        ) throws(GloveboxError) -> [DatedKey<Key>] {
            var keys: [DatedKey<Key>] = []
            for entry in record.all(use) {
                keys.append(DatedKey(try read(entry.parts), from: entry.from, to: entry.to))
            }
            return keys
        }
        return SiteKeys(
            log: log.key,
            authorities: try dated(.platform) { AuthorityChain(platform: $0[0], root: $0[1]) },
            timestamps: try dated(.sct) { (parts) throws(GloveboxError) in try VerifyingKey(spki: parts[0]) },
            timeAuthorities: try dated(.tsa) { (parts) throws(GloveboxError) in
                try TimestampChain(signer: parts[0], root: parts[1])
            },
            validFrom: founded,
            witnessing: witnessing
        )
    }

    /// Makes all keys of a new site; the root's own stays where it is when one is given.
    static func make(
        _ layout: SiteLayout,
        _ configuration: SiteConfiguration,
        root offline: CertificateAuthority?
    ) throws(GloveboxError) {
        for directory in [layout.rootKeys, layout.signerKeys, layout.nodeKeys, layout.witnessKeys] {
            try StateFile.makeDirectory(directory)
        }
        let maker = KeyMaker(layout: layout, site: configuration.name)
        var record = KeyringRecord()
        let now = configuration.founded
        let root: CertificateAuthority
        if let offline {
            root = offline
            record.add(.root, root.key.publicKey.digest, [root.certificate], from: now)
        } else {
            root = try maker.makeRoot(into: &record, at: now)
        }
        try maker.makePlatform(under: root, into: &record, at: now)
        for use in [KeyUse.sct, .tsa, .links] { try maker.make(use, into: &record, at: now) }
        let log = try NoteSigner.generate(name: configuration.origin)
        try StateFile.write(Array(log.secretText.utf8), to: layout.signerKeys + "/log.key")
        let witness = try Cosigner.generate(name: configuration.origin + "/witness")
        try StateFile.write(Array(witness.secretText.utf8), to: layout.witnessKeys + "/witness.key")
        try StateFile.write(Array("\(log.key.vkey)\n".utf8), to: layout.root + "/log.vkey", mode: 0o644)
        try StateFile.write(Array("\(witness.key.vkey)\n".utf8), to: layout.root + "/witness.vkey", mode: 0o644)
        try StateFile.write(Machine.random(32), to: layout.nodeKeys + "/pseudonyms.key")
        try StateFile.write(Machine.random(32), to: layout.nodeKeys + "/bodies.key")
        try record.write(layout)
    }
}
