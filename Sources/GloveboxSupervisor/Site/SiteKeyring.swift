internal import GloveboxAttestation
internal import GloveboxBroker
internal import GloveboxCore
internal import GloveboxTransparency

/// The site's own keys in force that the supervisor uses itself, and what is public of the others.
///
/// The log's key stays with the log's writer: it signs for each batch, while the disk writes, and whoever has the writer
/// can have signed what he likes.
struct SiteKeyring: Sendable {
    /// Which keys there are and were.
    private(set) var record: KeyringRecord
    /// The root; nil when its key is kept off the site.
    let root: CertificateAuthority?
    /// Certificate of the platform CA, DER.
    let platform: [UInt8]
    /// Certificates of the time-stamping authority in force: the site's own, or another operator's.
    private(set) var timeChain: TimestampChain
    /// Signs the supervisor's links of in-toto workflows, and nothing else.
    let links: PersonSigner
    let log: LogSigner
    /// Cosigns checkpoints of other logs, and nothing else.
    let witness: Cosigner
    /// What cosigned before and still adds its line, each until its time ends.
    let formerWitnesses: [(cosigner: Cosigner, until: Instant)]
    /// Key of pseudonyms in the log.
    let pseudonyms: [UInt8]
    /// Key of the events' private bodies in the journal.
    let bodies: [UInt8]
    /// Certificate of the root, DER.
    let rootCertificate: [UInt8]

    init(_ layout: SiteLayout) throws(GloveboxError) {
        let record = try KeyringRecord(reading: layout)
        func secret(_ use: KeyUse) throws(GloveboxError) -> [UInt8] {
            try secret(record.current(use))
        }
        func secret(_ entry: KeyringRecord.Entry) throws(GloveboxError) -> [UInt8] {
            guard let path = layout.secret(entry) else { throw GloveboxError("internal", "this key is not the site's") }
            return try StateFile.readSecret(path)
        }
        func text(_ entry: KeyringRecord.Entry) throws(GloveboxError) -> String {
            String(decoding: try secret(entry), as: UTF8.self)
        }
        func authority(_ use: KeyUse) throws(GloveboxError) -> CertificateAuthority {
            let pem = PEM.encode(try record.current(use).parts[0], label: "CERTIFICATE")
            return try CertificateAuthority(certificatePEM: pem, keyPEM: secret(use))
        }
        let top = try record.current(.root)
        rootCertificate = top.parts[0]
        root = layout.secret(top).map(StateFile.exists) == true ? try authority(.root) : nil
        platform = try record.current(.platform).parts[0]
        timeChain = try Self.timeChain(record)
        let now = Machine.now()
        var former: [LogSigner.Former] = []
        for entry in record.all(.log).dropFirst() {
            guard let end = entry.to else { continue }
            let signer = now < end ? try NoteSigner(parsing: text(entry)) : nil
            former.append(LogSigner.Former(try Self.noteKey(entry), signer: signer, until: end))
        }
        log = try LogSigner(NoteSigner(parsing: text(record.current(.log))), former: former, now: Machine.now)
        witness = try Cosigner(parsing: text(record.current(.witness)))
        var cosigners: [(cosigner: Cosigner, until: Instant)] = []
        for entry in record.all(.witness) {
            if let end = entry.to, now < end { cosigners.append((try Cosigner(parsing: text(entry)), end)) }
        }
        formerWitnesses = cosigners
        links = try PersonSigner(pem: secret(.links))
        bodies = try StateFile.readSecret(layout.nodeKeys + "/bodies.key")
        pseudonyms = try StateFile.readSecret(layout.nodeKeys + "/pseudonyms.key")
        self.record = record
    }

    /// Notes the broker's key, which a record of an earlier version does not name; a change of it that a crash cut off
    /// counts from now on.
    mutating func note(
        broker key: Digest,
        _ layout: SiteLayout,
        _ configuration: SiteConfiguration
    ) throws(GloveboxError) {
        let from = record.all(.broker).isEmpty ? configuration.founded : Machine.now()
        if record.note(broker: key, from: Instant(seconds: from.seconds)) { try record.write(layout) }
    }

    /// The record with the authority that the settings name in force, or with one of the site's own; nil when it is already.
    ///
    /// A stamp counts in its authority's period alone, so a site cannot go back to its own clock unseen.
    func changed(
        stampingTo other: TimestampChain?,
        _ maker: KeyMaker,
        from time: Instant
    ) throws(GloveboxError) -> KeyringRecord? {
        let current = try record.current(.tsa)
        var record = record
        if let other {
            if timeChain == other { return nil }
            record.add(.tsa, try other.key, [other.signer, other.root], from: time)
        } else {
            if maker.layout.secret(current).map(StateFile.exists) == true { return nil }
            try maker.make(.tsa, into: &record, at: time)
        }
        return record
    }

    /// Puts a changed record in force.
    mutating func adopt(_ changed: KeyringRecord, _ maker: KeyMaker) throws(GloveboxError) {
        try changed.write(maker.layout)
        record = changed
        timeChain = try Self.timeChain(changed)
        try maker.destroyEnded(changed)
    }

    private static func timeChain(_ record: KeyringRecord) throws(GloveboxError) -> TimestampChain {
        let parts = try record.current(.tsa).parts
        guard parts.count == 2 else {
            throw GloveboxError("key.record", "keys/keyring.json names no root of the time-stamping authority")
        }
        return try TimestampChain(signer: parts[0], root: parts[1])
    }

    /// The CAs that nodes' certificates may be of, the one in force first, each with the root above it.
    ///
    /// Those of before are among them: what a node's certificate is worth, the registry says.
    var nodeAuthorities: [(key: Digest, certificate: [UInt8], root: [UInt8])] {
        record.all(.nodes).compactMap { entry in
            entry.parts.count == 2 ? (entry.key, entry.parts[0], entry.parts[1]) : nil
        }
    }

    /// What the signer is told of its keys.
    func signing(for site: SiteConfiguration, stampedElsewhere: Bool) throws(GloveboxError) -> SignerKeys {
        SignerKeys(
            platform: (try record.current(.platform).name, platform),
            timestamps: try record.current(.sct).name,
            stamps: stampedElsewhere ? nil : (try record.current(.tsa).name, timeChain.signer),
            nodes: record.all(.nodes).first.flatMap { entry in entry.parts.first.map { (entry.name, $0) } },
            terms: StatementSigner.Terms(attester: site.attester, issuer: site.issuer, logs: log.keys)
        )
    }

    /// The key of an entry of log or witness.
    static func noteKey(_ entry: KeyringRecord.Entry) throws(GloveboxError) -> NoteKey {
        try NoteKey(vkey: String(decoding: entry.parts.first ?? [], as: UTF8.self))
    }

    /// The public keys as trust files list them.
    func siteKeys(witnessing: [UInt8]?) throws(GloveboxError) -> SiteKeys {
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
            logs: try record.all(.log).map { entry throws(GloveboxError) in
                DatedKey(try Self.noteKey(entry), from: entry.from, to: entry.to)
            },
            authorities: try dated(.platform) { AuthorityChain(platform: $0[0], root: $0[1]) },
            timestamps: try dated(.sct) { (parts) throws(GloveboxError) in try VerifyingKey(spki: parts[0]) },
            timeAuthorities: try dated(.tsa) { (parts) throws(GloveboxError) in
                try TimestampChain(signer: parts[0], root: parts[1])
            },
            witnessing: witnessing
        )
    }

    /// Makes all keys of a new site; the root's own stays where it is when one is given.
    static func make(
        _ layout: SiteLayout,
        _ configuration: SiteConfiguration,
        root offline: CertificateAuthority?
    ) throws(GloveboxError) {
        for directory in [layout.rootKeys, layout.signerKeys, layout.logKeys, layout.nodeKeys, layout.witnessKeys] {
            try StateFile.makeDirectory(directory)
        }
        let maker = KeyMaker(layout: layout, site: configuration)
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
        try maker.makeNodes(under: root, into: &record, at: now)
        for use in [KeyUse.sct, .tsa, .links, .log, .witness] { try maker.make(use, into: &record, at: now) }
        try maker.publish(record)
        try StateFile.write(Machine.random(32), to: layout.nodeKeys + "/pseudonyms.key")
        try StateFile.write(Machine.random(32), to: layout.nodeKeys + "/bodies.key")
        try record.write(layout)
    }
}
