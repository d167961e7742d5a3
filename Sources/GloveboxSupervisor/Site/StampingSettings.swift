internal import GloveboxAPI
internal import GloveboxAttestation
internal import GloveboxCore

/// Another operator's time-stamping authority, in the section `timestamp` of the settings.
package struct StampingSettings: Sendable {
    /// Where it is asked.
    let url: String
    /// Whose stamps are believed.
    let chain: TimestampChain
    /// The policy it is asked for; nil for its own choice.
    let policy: String?
    /// Seconds it has for an answer.
    let seconds: Int64
    /// The certificate files, which belong to what the settings say.
    let bytes: [UInt8]

    /// Reads the section; a path is relative to `folder`.
    ///
    /// - Throws: `config.invalid`, `storage.read`, codes of the strict reader.
    init(_ section: JSONValue, folder: String) throws(GloveboxError) {
        var fields = try JSONFields(section, at: "timestamp")
        url = try fields.string("url")
        let certificate = try StateFile.read(SiteSettings.path(fields.string("certificate"), folder))
        let root = try StateFile.read(SiteSettings.path(fields.string("ca"), folder))
        chain = try TimestampChain(signerPEM: certificate, rootPEM: root)
        bytes = certificate + root
        policy = fields.optional("policy")?.string
        seconds = try SiteSettings.number(&fields, "timeout_seconds", 1...60) ?? 10
        try fields.finish()
        if let policy { try TimestampQuery.checkPolicy(policy) }
        do throws(GloveboxError) { try PublicFiles.check(url) } catch {
            throw GloveboxError("config.invalid", "timestamp.url is \(error.message)", hint: error.hint)
        }
    }
}
