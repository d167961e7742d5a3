/// What a key of a site is for; each use has a key of its own.
package enum KeyUse: String, Sendable, CaseIterable {
    /// Certifies platform CAs and signs the trust policy; better kept off the site.
    case root
    /// Certifies the leaves of reports.
    case platform
    /// Signs certificate time stamps.
    case sct
    /// Stamps the signatures of reports (RFC 3161).
    case tsa
    /// Signs the supervisor's links of in-toto workflows.
    case links
}
