/// Where the API is served over TCP, and what protects it.
package struct NetworkAddress: Sendable {
    /// Certificate, key, and the authority whose clients are let in.
    package struct TLSFiles: Sendable {
        /// PEM file of the certificate chain, the server's own first.
        package var certificate: String
        /// PEM file of the private key; closed to others.
        package var key: String
        /// PEM file of the authority that every client must have a certificate of; nil asks clients for none.
        package var clientAuthority: String?

        /// Whether a client may come without a certificate; one that it shows must be good all the same.
        package var isCertificateOptional = false

        /// Names the files.
        package init(certificate: String, key: String, clientAuthority: String? = nil) {
            self.certificate = certificate
            self.key = key
            self.clientAuthority = clientAuthority
        }
    }

    /// Host name or address to listen on.
    package var host: String
    /// Port; 0 takes a free one.
    package var port: Int
    /// Nil speaks plain HTTP.
    package var tls: TLSFiles?

    /// An address.
    package init(host: String, port: Int, tls: TLSFiles?) {
        self.host = host
        self.port = port
        self.tls = tls
    }

    /// Whether only programs of this host can reach it.
    package var isLoopback: Bool {
        let parts = host.split(separator: ".", omittingEmptySubsequences: false)
        return host == "::1" || parts.count == 4 && parts[0] == "127" && parts.allSatisfy { UInt8($0) != nil }
    }
}
