internal import GloveboxAttestation
internal import GloveboxCore
internal import GloveboxTransparency

/// Makes keys of a site: the private half on disk first, then the entry in the record that puts it in force.
struct KeyMaker {
    let layout: SiteLayout
    /// The site, whose names keys and certificates carry.
    let site: SiteConfiguration

    /// Makes a root whose key stays on the site.
    @discardableResult
    func makeRoot(into record: inout KeyringRecord, at time: Instant) throws(GloveboxError) -> CertificateAuthority {
        let root = try CertificateAuthority.makeRoot(site: site.name, now: time)
        try keep(root.key.pem, record.add(.root, root.key.publicKey.digest, [root.certificate], from: time))
        return root
    }

    /// Makes a platform CA.
    func makePlatform(
        under root: CertificateAuthority,
        into record: inout KeyringRecord,
        at time: Instant
    ) throws(GloveboxError) {
        try keep(.platform, root.makePlatform(site: site.name, now: time), under: root, into: &record, at: time)
    }

    /// Makes a CA of nodes.
    func makeNodes(
        under root: CertificateAuthority,
        into record: inout KeyringRecord,
        at time: Instant
    ) throws(GloveboxError) {
        try keep(.nodes, root.makeNodes(site: site.name, now: time), under: root, into: &record, at: time)
    }

    private func keep(
        _ use: KeyUse,
        _ made: CertificateAuthority,
        under root: CertificateAuthority,
        into record: inout KeyringRecord,
        at time: Instant
    ) throws(GloveboxError) {
        let parts = [made.certificate, root.certificate]
        try keep(made.key.pem, record.add(use, made.key.publicKey.digest, parts, from: time))
    }

    /// Makes a key that no root certifies; the one before may overlap with it by some seconds.
    func make(
        _ use: KeyUse,
        into record: inout KeyringRecord,
        at time: Instant,
        overlap: Int64 = 0
    ) throws(GloveboxError) {
        switch use {
        case .sct:
            let key = SigningKey()
            try keep(key.pem, record.add(use, key.publicKey.digest, [key.publicKey.spki], from: time))
        case .tsa:
            let (chain, key) = try TimestampChain.make(site: site.name, now: time)
            try keep(key.pem, record.add(use, key.publicKey.digest, [chain.signer, chain.root], from: time))
        case .links:
            let key = PersonSigner()
            let id = Digest(hex: key.publicKey.keyID) ?? .zero
            try keep(key.pem, record.add(use, id, [key.publicKey.bytes], from: time))
        case .log:
            let log = try NoteSigner.generate(name: site.origin)
            let entry = record.add(use, log.key.digest, [Array(log.key.vkey.utf8)], from: time, overlap: overlap)
            try keep(Array(log.secretText.utf8), entry)
        case .witness:
            let witness = try Cosigner.generate(name: site.origin + "/witness")
            let parts = [Array(witness.key.vkey.utf8)]
            let entry = record.add(use, witness.key.digest, parts, from: time, overlap: overlap)
            try keep(Array(witness.secretText.utf8), entry)
        case .broker: throw GloveboxError("internal", "the broker makes its own key")
        case .root, .platform, .nodes: throw GloveboxError("internal", "a CA is made under its root")
        }
    }

    /// Writes the public halves that operators hand to readers and to other sites.
    func publish(_ record: KeyringRecord) throws(GloveboxError) {
        for use in [KeyUse.log, .witness] {
            let line = try record.current(use).parts[0] + Array("\n".utf8)
            try StateFile.write(line, to: "\(layout.root)/\(use.rawValue).vkey", mode: 0o644)
        }
    }

    /// Destroys the private halves of keys that are no longer in force, as far as the file system writes in place.
    func destroyEnded(_ record: KeyringRecord) throws(GloveboxError) {
        let now = Machine.now()
        for entry in record.entries where entry.to.map({ $0 <= now }) ?? false {
            if let path = layout.secret(entry), StateFile.exists(path) { try StateFile.destroySecret(path) }
        }
    }

    private func keep(_ pem: [UInt8], _ entry: KeyringRecord.Entry) throws(GloveboxError) {
        guard let path = layout.secret(entry) else { throw GloveboxError("internal", "this key is not the site's") }
        try StateFile.write(pem, to: path)
    }
}
