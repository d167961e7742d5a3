internal import GloveboxCore
internal import GloveboxTransparency

/// Which keys of the signer's directory are in force, with what is public of them.
package struct SignerKeys: Sendable {
    /// A private file's name without its ending, and the certificate (DER) that belongs to it.
    package typealias Certified = (name: String, certificate: [UInt8])

    let platform: Certified
    let timestamps: String
    let stamps: Certified?
    let nodes: Certified?
    let terms: StatementSigner.Terms

    /// Names the platform CA, the key of certificate time stamps, the time-stamping authority, if it is the site's own, and
    /// the node CA, if there is one.
    package init(
        platform: Certified,
        timestamps: String,
        stamps: Certified?,
        nodes: Certified?,
        terms: StatementSigner.Terms
    ) {
        (self.platform, self.timestamps, self.stamps, self.terms) = (platform, timestamps, stamps, terms)
        self.nodes = nodes
    }

    /// Reads the form of ``json``.
    init(reading call: inout JSONFields) throws(GloveboxError) {
        platform = (try call.string("platform"), try call.base64("platformCertificate"))
        timestamps = try call.string("timestamps")
        stamps = try call.optional("stamps").map { name throws(GloveboxError) in
            (name.string ?? "", try call.base64("stampsCertificate"))
        }
        nodes = try call.optional("nodes").map { name throws(GloveboxError) in
            (name.string ?? "", try call.base64("nodesCertificate"))
        }
        var logs: [NoteKey] = []
        for key in try call.array("logs") { logs.append(try NoteKey(vkey: key.string ?? "")) }
        terms = StatementSigner.Terms(
            attester: try call.string("attester"),
            issuer: try call.string("issuer"),
            logs: logs
        )
        try call.finish()
    }

    /// The call in which the supervisor tells them.
    var json: JSONValue {
        var members: [(String, JSONValue)] = [
            ("op", "hello"), ("platform", .string(platform.name)),
            ("platformCertificate", .string(Base64.encode(platform.certificate))), ("timestamps", .string(timestamps)),
            ("logs", .array(terms.logs.map { .string($0.vkey) })), ("attester", .string(terms.attester)),
            ("issuer", .string(terms.issuer)),
        ]
        if let stamps {
            members.append(("stamps", .string(stamps.name)))
            members.append(("stampsCertificate", .string(Base64.encode(stamps.certificate))))
        }
        if let nodes {
            members.append(("nodes", .string(nodes.name)))
            members.append(("nodesCertificate", .string(Base64.encode(nodes.certificate))))
        }
        return .object(JSONObject(members))
    }
}
