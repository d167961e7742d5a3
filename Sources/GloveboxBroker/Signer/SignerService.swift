internal import Glibc
internal import GloveboxAttestation
package import GloveboxCore
internal import GloveboxStore
internal import GloveboxTimestamp
internal import GloveboxTransparency

/// The signer's calls.
package final class SignerService: CompanionService {
    private let directory: String
    /// There from `hello` on, which says which of the directory's keys are in force; said once.
    private var signer: StatementSigner?
    /// There from `hello` on, where the site has a node CA.
    private var nodes: NodeCertifier?

    /// Serves the keys of a directory.
    package init(_ directory: String) { self.directory = directory }

    package func perform(_ name: String, _ call: inout JSONFields) throws(GloveboxError) -> JSONValue {
        if name == "hello", signer == nil {
            let keys = try SignerKeys(reading: &call)
            nodes = try keys.nodes.map { nodes throws(GloveboxError) in
                NodeCertifier(authority: try authority(nodes), logs: keys.terms.logs)
            }
            signer = try open(keys)
            return ["user": .string(String(geteuid()))]
        }
        guard let signer else { throw GloveboxError("signer.message", "the first call to a signer is hello") }
        switch name {
        case "leaf":
            try call.finish()
            return ["spki": .string(Base64.encode(try signer.leaf().spki))]
        case "sign": return try signer.sign(SigningRequest(reading: &call)).json
        case "certify":
            guard let nodes else { throw GloveboxError("node.authority", "this site has no CA of nodes") }
            return ["certificate": .string(Base64.encode(try nodes.certify(NodeCertification(reading: &call))))]
        default: throw GloveboxError("signer.message", "the signer does not know the call \(Display.escape(name))")
        }
    }

    private func secret(_ name: String) throws(GloveboxError) -> [UInt8] {
        guard Identifier.isName(name) else { throw GloveboxError("signer.message", "that is no name of a key") }
        return try KeyFile.read("\(directory)/\(name).key")
    }

    private func authority(_ certified: SignerKeys.Certified) throws(GloveboxError) -> CertificateAuthority {
        try CertificateAuthority(
            certificatePEM: PEM.encode(certified.certificate, label: "CERTIFICATE"),
            keyPEM: secret(certified.name)
        )
    }

    private func open(_ keys: SignerKeys) throws(GloveboxError) -> StatementSigner {
        StatementSigner(
            platform: try authority(keys.platform),
            timestamps: try SigningKey(pem: secret(keys.timestamps)),
            stamps: try keys.stamps.map { stamps throws(GloveboxError) in
                TimestampAuthority(
                    certificate: stamps.certificate,
                    key: try PEM.decode(secret(stamps.name), label: "PRIVATE KEY")
                )
            },
            terms: keys.terms,
            root: try KeyFile.read("\(directory)/\(StatementSigner.rootFile)"),
            floor: try TrustFloor(directory)
        )
    }
}
