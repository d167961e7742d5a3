internal import GloveboxAPI
internal import GloveboxCore
internal import GloveboxLinux
internal import HummingbirdTLS
internal import NIOSSL

extension NetworkAddress {
    /// Reads the files.
    ///
    /// - Throws: `config.invalid` for files that are missing, not PEM, or open to others.
    func configuration() throws(GloveboxError) -> TLSConfiguration? {
        guard let tls else { return nil }
        let status: FileStatus
        do { status = try FileStatus.of(tls.key) } catch {
            throw Self.invalid("there is no file \(Display.escape(tls.key)) (server.tls.key)")
        }
        guard status.permissions & 0o077 == 0 else {
            throw GloveboxError(
                "config.invalid",
                "others can read the private key \(Display.escape(tls.key))",
                hint: "chmod 600 \(Display.escape(tls.key))"
            )
        }
        do {
            let chain = try NIOSSLCertificate.fromPEMFile(tls.certificate)
            let key = try NIOSSLPrivateKey(file: tls.key, format: .pem)
            var configuration = TLSConfiguration.makeServerConfiguration(
                certificateChain: chain.map { .certificate($0) },
                privateKey: .privateKey(key)
            )
            configuration.minimumTLSVersion = .tlsv13
            configuration.applicationProtocols = ["http/1.1"]
            if let authority = tls.clientAuthority {
                configuration.trustRoots = .certificates(try NIOSSLCertificate.fromPEMFile(authority))
                // A client's certificate names a person or a program, not a host.
                configuration.certificateVerification =
                    tls.isCertificateOptional ? .optionalVerification : .noHostnameVerification
            }
            _ = try NIOSSLContext(configuration: configuration)
            return configuration
        } catch {
            throw Self.invalid("the files of server.tls cannot be used: \(error)")
        }
    }

    private static func invalid(_ message: String) -> GloveboxError { GloveboxError("config.invalid", message) }
}
