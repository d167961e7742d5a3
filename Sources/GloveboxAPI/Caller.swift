package import GloveboxCore
package import GloveboxJobs

/// Who asks, as the login says.
package struct Caller: Sendable, Hashable {
    /// The account id, `acc_…`.
    package let account: String
    /// The account's name.
    package let name: String
    /// The roles of the account at this moment.
    package let roles: Set<Role>
    /// What the token may be used for.
    package let scopes: Set<Scope>
    /// The public half of the token; empty for a caller inside the site.
    package let token: String
    /// Keys of the client certificates that are the account's at this moment.
    package let certificates: Set<Digest>
    /// The key of the one client certificate that the token is good with; nil when it is not bound to one.
    package let boundTo: Digest?
    /// Ranges of addresses that the token is good from alone; empty for any.
    package let networks: [String]

    /// Names a caller.
    package init(
        account: String,
        name: String,
        roles: Set<Role>,
        scopes: Set<Scope> = .all,
        token: String = "",
        certificates: Set<Digest> = [],
        boundTo: Digest? = nil,
        networks: [String] = []
    ) {
        self.networks = networks
        self.account = account
        self.name = name
        self.roles = roles
        self.scopes = scopes
        self.token = token
        self.certificates = certificates
        self.boundTo = boundTo
    }
}
