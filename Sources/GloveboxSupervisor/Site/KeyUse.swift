/// What a key of a site is for; each use has a key of its own.
package enum KeyUse: String, Sendable, CaseIterable {
    /// Certifies platform and node CAs and signs the trust policy; better kept off the site.
    case root
    /// Certifies the leaves of reports.
    case platform
    /// Certifies the keys of nodes.
    case nodes
    /// Signs certificate time stamps.
    case sct
    /// Stamps the signatures of reports (RFC 3161).
    case tsa
    /// Signs the supervisor's links of in-toto workflows.
    case links
    /// Signs the log's checkpoints.
    case log
    /// Cosigns checkpoints of other logs.
    case witness
    /// Wraps the keys of datasets; the broker's own.
    case broker

    /// Whether the key before may sign on beside the new one for a while, for readers that know it alone.
    package var overlaps: Bool { self == .log || self == .witness }
}
