internal import GloveboxCore

/// Where nodes come in, which run jobs' jails on other machines.
struct NodeSettings: Sendable {
    /// Host name or address, and port.
    let listen: (host: String, port: Int)
    /// PEM file of the certificate chain that nodes are shown, the server's own first.
    let certificate: String
    /// PEM file of its key; closed to others.
    let key: String
    /// Whether jobs on private data may go to a node.
    let takesPrivateData: Bool

    /// Reads `jobs.nodes`; a path is relative to `folder`.
    ///
    /// - Throws: `config.invalid`, codes of the strict reader.
    init(_ section: JSONValue, folder: String) throws(GloveboxError) {
        var fields = try JSONFields(section, at: "jobs.nodes")
        listen = try SiteSettings.address(fields.required("listen"), "jobs.nodes.listen")
        var tls = try fields.nested("tls")
        certificate = SiteSettings.path(try tls.string("cert"), folder)
        key = SiteSettings.path(try tls.string("key"), folder)
        try tls.finish()
        takesPrivateData = try SiteSettings.flag(&fields, "private_data") ?? false
        try fields.finish()
    }
}
