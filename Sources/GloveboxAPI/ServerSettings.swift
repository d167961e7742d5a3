package import GloveboxJobs

/// What the operator decides about the API.
package struct ServerSettings: Sendable {
    /// How much one account may ask.
    package var rates = RateLimits()
    /// Whether the task API is served.
    package var hasTasks = true
    /// Milliseconds for which a full read of a task waits for its end; 0 never waits.
    package var fullWait = 3000

    /// Origins of the pages that browsers let speak to the API.
    package var origins: [String] = []
    /// Roles that need one of the account's client certificates, beside the token; not over the socket.
    package var certified: Set<Role> = []

    /// Where the API is served over TCP beside its socket; nil for nowhere.
    package var network: NetworkAddress?
    /// Whether plain HTTP may leave this host.
    package var allowsPlainHTTP = false

    /// The defaults.
    package init() {}
}
