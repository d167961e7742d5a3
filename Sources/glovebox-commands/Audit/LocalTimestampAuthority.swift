import Glibc
import GloveboxCore
import GloveboxLinux

/// A time-stamping key of one's own: it shows others that a checkpoint existed only as far as they trust its holder.
struct LocalTimestampAuthority {
    private static let name = "/CN=Glovebox local time-stamping authority"

    /// Where key, certificate and serial number lie.
    let directory: String
    /// The certificate by which its stamps are verified.
    var certificate: String { directory + "/tsa.pem" }
    private var key: String { directory + "/tsa.key" }
    private var configuration: String { directory + "/tsa.cnf" }

    /// Makes key and certificate unless they are there; says whether it did.
    ///
    /// - Throws: `input.io`, `openssl.missing`, `timestamp.authority`.
    func prepare() throws(GloveboxError) -> Bool {
        if unsafe access(certificate, F_OK) == 0 { return false }
        try OutputFile.makeDirectory(directory)
        if unsafe chmod(directory, 0o700) != 0 {
            throw SyscallError("chmod", errno, directory).coded("input.io")
        }
        try OutputFile.write(Array(settings.utf8), to: configuration)
        try OpenSSL.run(
            [
                "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "3650",
                "-subj", Self.name, "-addext", "extendedKeyUsage=critical,timeStamping",
                "-addext", "keyUsage=critical,digitalSignature", "-keyout", key, "-out", certificate,
            ],
            or: "timestamp.authority"
        )
        return true
    }

    /// Answers a query.
    ///
    /// - Throws: `openssl.missing`, `timestamp.authority`.
    func answer(query: String, to reply: String) throws(GloveboxError) {
        try OpenSSL.run(
            ["ts", "-reply", "-config", configuration, "-section", "tsa", "-queryfile", query, "-out", reply],
            or: "timestamp.authority"
        )
    }

    /// What openssl must know; the policy is of the arc for examples, 2.999, as nobody has published one.
    private var settings: String {
        """
        [tsa]
        serial = \(directory)/serial
        signer_cert = \(certificate)
        signer_key = \(key)
        signer_digest = sha256
        default_policy = 2.999.1
        digests = sha256
        accuracy = secs:1
        ess_cert_id_alg = sha256

        """
    }
}
