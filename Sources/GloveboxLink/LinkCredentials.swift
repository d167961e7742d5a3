package import GloveboxCore
internal import GloveboxLinux
internal import NIOSSL

/// The certificate with which one end of a connection proves who it is.
package struct LinkCredentials: Sendable {
    let chain: [NIOSSLCertificate]
    let key: NIOSSLPrivateKey

    /// Reads PEM files: the certificate, its issuers after it, and its key, which must be closed to others.
    ///
    /// - Throws: `link.credentials`.
    package init(certificate: String, key: String) throws(GloveboxError) {
        let status: FileStatus
        do { status = try FileStatus.of(key) } catch { throw error.coded("link.credentials") }
        guard status.permissions & 0o077 == 0 else {
            throw GloveboxError(
                "link.credentials",
                "others can read the private key \(Display.escape(key))",
                hint: "chmod 600 \(Display.escape(key))"
            )
        }
        do {
            chain = try NIOSSLCertificate.fromPEMFile(certificate)
            self.key = try NIOSSLPrivateKey(file: key, format: .pem)
        } catch {
            throw GloveboxError(
                "link.credentials",
                "\(Display.escape(certificate)) and \(Display.escape(key)) cannot be used: \(error)"
            )
        }
    }
}
