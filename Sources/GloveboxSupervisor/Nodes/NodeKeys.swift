internal import GloveboxAttestation
internal import GloveboxCore

/// The directory that makes a machine a node of a site.
///
/// ```
/// node.key   its key, PEM, 0600
/// node.pem   its certificate and that of the CA which issued it, as the operator gave them
/// site.pem   authorities (PEM) one of which vouches for the certificate that the site shows
/// root.pem   certificate of the site's root
/// images/    images that it was given, by digest
/// ```
struct NodeKeys {
    let directory: String
    let signer: SigningKey
    /// What the node is called, by its certificate.
    let name: String
    /// The key of the site's root (SPKI, DER).
    let root: [UInt8]

    /// Reads it.
    ///
    /// - Throws: `storage.read`, `key.encoding`, `pem.invalid`, `cert.chain`, `node.certificate`.
    init(_ directory: String) throws(GloveboxError) {
        self.directory = directory
        signer = try SigningKey(pem: StateFile.readSecret(directory + "/node.key"))
        name = try NodeCertificate.name(inChain: StateFile.read(directory + "/node.pem"))
        let certificate = try PEM.decode(StateFile.read(directory + "/root.pem"), label: "CERTIFICATE")
        root = try VerifyingKey(certificate: certificate).spki
    }

    var key: String { directory + "/node.key" }
    var certificate: String { directory + "/node.pem" }
    var authorities: String { directory + "/site.pem" }
    var images: String { directory + "/images" }
}
