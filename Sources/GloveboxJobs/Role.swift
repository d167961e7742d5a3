package import GloveboxCore

/// What an account may do.
///
/// One account may hold several roles; who may act on what is checked per object.
///
/// Source: job-backend section 1.1.
package enum Role: String, Sendable, Hashable, CaseIterable {
    /// Registers datasets, sets their rules, vetoes, revokes, pauses the site.
    case owner
    /// Runs the site: images, nodes, accounts, configuration.
    ///
    /// Never votes.
    case `operator`
    /// Approves or refuses plans and votes on releases that are not their own.
    case reviewer
    /// Uploads, tries, submits, and fetches what was released.
    case researcher
    /// Reads every event and verifies; changes nothing.
    case auditor

    /// Reads a role's name.
    ///
    /// - Throws: `schema.type`.
    package init(reading name: String) throws(GloveboxError) {
        guard let role = Role(rawValue: name) else {
            throw GloveboxError(
                "schema.type",
                "no such role: \(Display.escape(name))",
                hint: "Roles are \(Role.allCases.map(\.rawValue).joined(separator: ", "))."
            )
        }
        self = role
    }

    /// Whether an account with these roles may vote in that one.
    ///
    /// An operator never votes, whatever else they are.
    package static func mayVote(_ roles: Set<Role>, as role: Role) -> Bool {
        (role == .reviewer || role == .owner) && roles.contains(role) && !roles.contains(.operator)
    }
}

extension Set<Role> {
    /// The names, sorted.
    package var names: [String] { map(\.rawValue).sorted() }
}
