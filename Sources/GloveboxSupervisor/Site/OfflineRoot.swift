package import GloveboxAttestation
package import GloveboxCore

/// A root whose key is kept off the site: a directory with `root.pem` and `root.key`, on a medium that is taken away.
package enum OfflineRoot {
    /// Makes one in a new or empty directory; gives SHA-256 of its key.
    ///
    /// - Throws: `site.exists` when there is one, `storage.*`.
    @discardableResult
    package static func make(in directory: String, site: String) throws(GloveboxError) -> Digest {
        guard !StateFile.exists(directory + "/root.key"), !StateFile.exists(directory + "/root.pem") else {
            throw GloveboxError(
                "site.exists",
                "there is a root in \(Display.escape(directory)) already",
                hint: "Choose an empty directory."
            )
        }
        try StateFile.makeDirectory(directory)
        let root = try CertificateAuthority.makeRoot(site: site, now: Machine.now())
        try StateFile.write(root.pem, to: directory + "/root.pem", mode: 0o644)
        try StateFile.write(root.key.pem, to: directory + "/root.key")
        return root.key.publicKey.digest
    }

    /// Takes one up; refuses a key that others can read.
    ///
    /// - Throws: `storage.read`, `key.permissions`, `cert.chain`.
    package static func open(_ directory: String) throws(GloveboxError) -> CertificateAuthority {
        try CertificateAuthority(
            certificatePEM: StateFile.read(directory + "/root.pem"),
            keyPEM: StateFile.readSecret(directory + "/root.key")
        )
    }
}
