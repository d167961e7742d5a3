internal import GloveboxAPI
internal import GloveboxCore
internal import GloveboxJobs

/// What the operator decided about webhooks: the section `webhooks`.
///
/// Source: job-backend sections 6 and 8.
struct WebhookSettings: Sendable {
    /// Private ranges of addresses that webhooks may go to.
    var allowed: [NetworkBlock] = []
    /// A PEM file of those whose certificates are believed; nil for those of the system.
    var authorities: String?

    /// Webhooks go to the open internet alone.
    init() {}

    /// Reads the section; a path is relative to `folder`.
    ///
    /// - Throws: `config.invalid`.
    init(_ section: JSONValue, folder: String) throws(GloveboxError) {
        var fields = try JSONFields(section, at: "webhooks")
        for text in try SiteSettings.texts(&fields, "allow_private_nets") {
            do throws(GloveboxError) { allowed.append(try NetworkBlock(text)) } catch {
                throw SiteSettings.invalid("webhooks.allow_private_nets: \(error.message)")
            }
        }
        authorities = try fields.optionalString("ca").map { SiteSettings.path($0, folder) }
        try fields.finish()
    }

    /// Whether messages may go to an address.
    func allows(_ address: String) -> Bool {
        HostAddresses.isPublic(address) || allowed.contains { $0.contains(address) }
    }
}
