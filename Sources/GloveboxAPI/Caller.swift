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

    /// Names a caller.
    package init(
        account: String,
        name: String,
        roles: Set<Role>,
        scopes: Set<Scope> = .all,
        token: String = ""
    ) {
        self.account = account
        self.name = name
        self.roles = roles
        self.scopes = scopes
        self.token = token
    }
}
