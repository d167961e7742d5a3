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
    /// What tells people; nil for nothing.
    var notice: Notice?

    /// A command that tells people what happened, such as by e-mail.
    struct Notice: Sendable {
        /// The program, and its arguments.
        let command: [String]
        /// What is told.
        let topics: Set<WebhookTopic>
        /// Seconds it may take.
        let patience: Int64
    }

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
        notice = try Self.notice(&fields)
        try fields.finish()
    }

    private static func notice(_ fields: inout JSONFields) throws(GloveboxError) -> Notice? {
        let command = try SiteSettings.texts(&fields, "notify_cmd")
        let names = try SiteSettings.texts(&fields, "notify_events")
        let patience = try SiteSettings.number(&fields, "notify_seconds", 1...600)
        guard let program = command.first else {
            guard names.isEmpty, patience == nil else {
                throw SiteSettings.invalid("webhooks.notify_events and notify_seconds go with notify_cmd")
            }
            return nil
        }
        guard program.hasPrefix("/") else {
            throw SiteSettings.invalid("webhooks.notify_cmd begins with the absolute path of a program")
        }
        var topics: Set<WebhookTopic> = names.isEmpty ? [.approvalNeeded, .jobWaiting, .releaseReady] : []
        for name in names {
            do throws(GloveboxError) { topics.insert(try WebhookTopic(reading: name)) } catch {
                throw SiteSettings.invalid("webhooks.notify_events: \(error.message)")
            }
        }
        return Notice(command: command, topics: topics, patience: patience ?? 20)
    }

    /// Whether messages may go to an address.
    func allows(_ address: String) -> Bool {
        HostAddresses.isPublic(address) || allowed.contains { $0.contains(address) }
    }
}
