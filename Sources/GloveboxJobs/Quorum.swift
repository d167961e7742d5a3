/// Who has to say yes to a plan.
///
/// Source: job-backend section 1.3.
package struct Quorum: Sendable, Hashable {
    /// A dataset whose owner has to agree.
    package struct OwnerRule: Sendable, Hashable {
        /// The dataset.
        package let dataset: String
        /// The account that owns it.
        package let owner: String

        /// Asks for the owner's yes.
        package init(dataset: String, owner: String) {
            self.dataset = dataset
            self.owner = owner
        }
    }

    /// How many distinct people, each with a key of their own.
    package let need: Int
    /// The roles whose yes counts.
    package let roles: Set<Role>
    /// Owners who must agree as well.
    package let owners: [OwnerRule]

    /// Asks for `need` people of these roles, and for the owners; at least one person in all cases.
    package init(need: Int = 2, roles: Set<Role> = [.reviewer], owners: [OwnerRule] = []) {
        self.need = max(1, need)
        self.roles = roles
        self.owners = owners
    }
}
