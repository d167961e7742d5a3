internal import GloveboxAttestation
internal import GloveboxCore
internal import GloveboxTimestamp
internal import GloveboxTransparency

/// The site's own keys.
///
/// In this version one process holds them all, which every report says.
struct SiteKeyring: Sendable {
    let root: CertificateAuthority
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

    init(_ layout: SiteLayout) throws(GloveboxError) {
        let signer = layout.signerKeys
        root = try CertificateAuthority(
            certificatePEM: StateFile.read(signer + "/root.pem"),
            keyPEM: StateFile.readSecret(signer + "/root.key")
        )
        platform = try CertificateAuthority(
            certificatePEM: StateFile.read(signer + "/platform.pem"),
            keyPEM: StateFile.readSecret(signer + "/platform.key")
        )
        timestamps = try SigningKey(pem: StateFile.readSecret(signer + "/sct.key"))
        timeChain = try TimestampChain(
            signer: PEM.decode(StateFile.read(signer + "/tsa.pem"), label: "CERTIFICATE"),
            root: PEM.decode(StateFile.read(signer + "/tsa-root.pem"), label: "CERTIFICATE")
        )
        timeAuthority = try TimestampAuthority(
            certificate: timeChain.signer,
            key: PEM.decode(StateFile.readSecret(signer + "/tsa.key"), label: "PRIVATE KEY")
        )
        log = try NoteSigner(parsing: String(decoding: StateFile.readSecret(signer + "/log.key"), as: UTF8.self))
        witness = try Cosigner(
            parsing: String(decoding: StateFile.readSecret(layout.witnessKeys + "/witness.key"), as: UTF8.self)
        )
        links = try PersonSigner(pem: StateFile.readSecret(layout.nodeKeys + "/links.key"))
        bodies = try StateFile.readSecret(layout.nodeKeys + "/bodies.key")
        pseudonyms = try StateFile.readSecret(layout.nodeKeys + "/pseudonyms.key")
    }

    /// Makes the keys that sites founded by earlier versions lack: the time-stamping authority, and the key for links.
    static func complete(
        _ layout: SiteLayout,
        _ configuration: SiteConfiguration,
        now: Instant
    ) throws(GloveboxError) {
        try addTimeAuthority(layout, configuration, now: now)
        let links = layout.nodeKeys + "/links.key"
        if !StateFile.exists(links) { try StateFile.write(PersonSigner().pem, to: links) }
    }

    // The key is written last: a half-made authority counts as none.
    private static func addTimeAuthority(
        _ layout: SiteLayout,
        _ configuration: SiteConfiguration,
        now: Instant
    ) throws(GloveboxError) {
        let signer = layout.signerKeys
        if StateFile.exists(signer + "/tsa.key") { return }
        let (chain, key) = try TimestampChain.make(site: configuration.name, now: now)
        try StateFile.write(PEM.encode(chain.signer, label: "CERTIFICATE"), to: signer + "/tsa.pem")
        try StateFile.write(PEM.encode(chain.root, label: "CERTIFICATE"), to: signer + "/tsa-root.pem")
        try StateFile.write(key.pem, to: signer + "/tsa.key")
    }

    /// Makes all keys of a new site.
    static func make(_ layout: SiteLayout, _ configuration: SiteConfiguration) throws(GloveboxError) {
        try StateFile.makeDirectory(layout.signerKeys)
        try StateFile.makeDirectory(layout.nodeKeys)
        try StateFile.makeDirectory(layout.witnessKeys)
        let now = configuration.founded
        let root = try CertificateAuthority.makeRoot(site: configuration.name, now: now)
        let platform = try root.makePlatform(site: configuration.name, now: now)
        let signer = layout.signerKeys
        try StateFile.write(root.pem, to: signer + "/root.pem")
        try StateFile.write(root.key.pem, to: signer + "/root.key")
        try StateFile.write(platform.pem, to: signer + "/platform.pem")
        try StateFile.write(platform.key.pem, to: signer + "/platform.key")
        try StateFile.write(SigningKey().pem, to: signer + "/sct.key")
        try complete(layout, configuration, now: now)
        let log = try NoteSigner.generate(name: configuration.origin)
        try StateFile.write(Array(log.secretText.utf8), to: signer + "/log.key")
        let witness = try Cosigner.generate(name: configuration.origin + "/witness")
        try StateFile.write(Array(witness.secretText.utf8), to: layout.witnessKeys + "/witness.key")
        try StateFile.write(Array("\(log.key.vkey)\n".utf8), to: layout.root + "/log.vkey", mode: 0o644)
        try StateFile.write(Array("\(witness.key.vkey)\n".utf8), to: layout.root + "/witness.vkey", mode: 0o644)
        try StateFile.write(Machine.random(32), to: layout.nodeKeys + "/pseudonyms.key")
        try StateFile.write(Machine.random(32), to: layout.nodeKeys + "/bodies.key")
    }
}
