internal import Glibc
internal import GloveboxAttestation
internal import GloveboxCore
internal import GloveboxTransparency

/// Brings the keys of a site that an earlier version founded into the present form.
enum KeyringMigration {
    /// Makes what is missing; finishes a change of keys that a crash cut off.
    static func complete(_ layout: SiteLayout, _ configuration: SiteConfiguration) throws(GloveboxError) {
        let maker = KeyMaker(layout: layout, site: configuration)
        try moveLogKey(layout)
        if StateFile.exists(layout.keyring) {
            var record = try KeyringRecord(reading: layout)
            if try addNoteKeys(to: &record, layout, configuration) { try record.write(layout) }
            return try maker.destroyEnded(record)
        }
        let signer = layout.signerKeys
        // A version-1 site kept its certificates as PEM, and its root beside the CA.
        let root = try CertificateAuthority(
            certificatePEM: StateFile.read(signer + "/root.pem"),
            keyPEM: StateFile.readSecret(rootKey(layout))
        )
        let platform = try CertificateAuthority(
            certificatePEM: StateFile.read(signer + "/platform.pem"),
            keyPEM: StateFile.readSecret(signer + "/platform.key")
        )
        var record = KeyringRecord()
        let from = configuration.founded
        record.add(.root, root.key.publicKey.digest, [root.certificate], from: from)
        record.add(.platform, platform.key.publicKey.digest, [platform.certificate, root.certificate], from: from)
        let sct = try SigningKey(pem: StateFile.readSecret(signer + "/sct.key")).publicKey
        record.add(.sct, sct.digest, [sct.spki], from: from)
        if StateFile.exists(signer + "/tsa.key") {
            let key = try SigningKey(pem: StateFile.readSecret(signer + "/tsa.key")).publicKey.digest
            var chain: [[UInt8]] = []
            for name in ["/tsa.pem", "/tsa-root.pem"] {
                chain.append(try PEM.decode(StateFile.read(signer + name), label: "CERTIFICATE"))
            }
            record.add(.tsa, key, chain, from: from)
        } else {
            try maker.make(.tsa, into: &record, at: from)
        }
        if StateFile.exists(layout.nodeKeys + "/links.key") {
            let key = try PersonSigner(pem: StateFile.readSecret(layout.nodeKeys + "/links.key")).publicKey
            record.add(.links, Digest(hex: key.keyID) ?? .zero, [key.bytes], from: from)
        } else {
            try maker.make(.links, into: &record, at: from)
        }
        _ = try addNoteKeys(to: &record, layout, configuration)
        try record.write(layout)
    }

    /// Notes the keys of log and witness, which records of an earlier version do not name; whether there was need.
    private static func addNoteKeys(
        to record: inout KeyringRecord,
        _ layout: SiteLayout,
        _ configuration: SiteConfiguration
    ) throws(GloveboxError) -> Bool {
        guard record.all(.log).isEmpty else { return false }
        func text(_ path: String) throws(GloveboxError) -> String {
            String(decoding: try StateFile.readSecret(path), as: UTF8.self)
        }
        let log = try NoteSigner(parsing: text(layout.logKeys + "/log.key")).key
        let witness = try Cosigner(parsing: text(layout.witnessKeys + "/witness.key")).key
        for (use, key) in [(KeyUse.log, log), (.witness, witness)] {
            record.add(use, key.digest, [Array(key.vkey.utf8)], from: configuration.founded)
        }
        return true
    }

    /// Moves the log's key out of what is the signer's own directory now.
    private static func moveLogKey(_ layout: SiteLayout) throws(GloveboxError) {
        let old = layout.signerKeys + "/log.key"
        guard StateFile.exists(old) else { return }
        try StateFile.makeDirectory(layout.logKeys)
        guard unsafe rename(old, layout.logKeys + "/log.key") == 0 else {
            throw GloveboxError("storage.write", "the log's key could not be moved to keys/log")
        }
    }

    /// Path of the root's key, moved to a directory of its own.
    private static func rootKey(_ layout: SiteLayout) throws(GloveboxError) -> String {
        let old = layout.signerKeys + "/root.key"
        let path = layout.rootKeys + "/root.key"
        try StateFile.makeDirectory(layout.rootKeys)
        guard StateFile.exists(old) else { return path }
        guard unsafe rename(old, path) == 0 else {
            throw GloveboxError("storage.write", "the root's key could not be moved to keys/root")
        }
        return path
    }
}
