internal import GloveboxAttestation
internal import GloveboxCore

/// Makes keys of a site: the private half on disk first, then the entry in the record that puts it in force.
struct KeyMaker {
    let layout: SiteLayout
    /// Name of the site, as certificates carry it.
    let site: String

    /// Makes a root whose key stays on the site.
    @discardableResult
    func makeRoot(into record: inout KeyringRecord, at time: Instant) throws(GloveboxError) -> CertificateAuthority {
        let root = try CertificateAuthority.makeRoot(site: site, now: time)
        try keep(root.key.pem, record.add(.root, root.key.publicKey.digest, [root.certificate], from: time))
        return root
    }

    /// Makes a platform CA.
    func makePlatform(
        under root: CertificateAuthority,
        into record: inout KeyringRecord,
        at time: Instant
    ) throws(GloveboxError) {
        let made = try root.makePlatform(site: site, now: time)
        let parts = [made.certificate, root.certificate]
        try keep(made.key.pem, record.add(.platform, made.key.publicKey.digest, parts, from: time))
    }

    /// Makes a key that no root certifies.
    func make(_ use: KeyUse, into record: inout KeyringRecord, at time: Instant) throws(GloveboxError) {
        switch use {
        case .sct:
            let key = SigningKey()
            try keep(key.pem, record.add(use, key.publicKey.digest, [key.publicKey.spki], from: time))
        case .tsa:
            let (chain, key) = try TimestampChain.make(site: site, now: time)
            try keep(key.pem, record.add(use, key.publicKey.digest, [chain.signer, chain.root], from: time))
        case .links:
            let key = PersonSigner()
            let id = Digest(hex: key.publicKey.keyID) ?? .zero
            try keep(key.pem, record.add(use, id, [key.publicKey.bytes], from: time))
        case .root, .platform: throw GloveboxError("internal", "a CA is made under its root")
        }
    }

    /// Destroys the private halves of keys that are no longer in force, as far as the file system writes in place.
    func destroyEnded(_ record: KeyringRecord) throws(GloveboxError) {
        for entry in record.entries where entry.to != nil && StateFile.exists(layout.secret(entry)) {
            try StateFile.destroySecret(layout.secret(entry))
        }
    }

    private func keep(_ pem: [UInt8], _ entry: KeyringRecord.Entry) throws(GloveboxError) {
        try StateFile.write(pem, to: layout.secret(entry))
    }
}
