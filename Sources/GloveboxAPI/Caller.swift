package import GloveboxJobs

/// Who asks, as the login says.
package struct Caller: Sendable, Hashable {
    /// The account id, `acc_…`.
    package let account: String
    /// The account's name.
    package let name: String
    /// The roles of the account at this moment.
    package let roles: Set<Role>

    /// Names a caller.
    package init(account: String, name: String, roles: Set<Role>) {
        self.account = account
        self.name = name
        self.roles = roles
    }
}
