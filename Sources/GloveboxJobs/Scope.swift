package import GloveboxCore

/// What a token may be used for; its power is its scopes and the account's roles together.
///
/// Source: job-backend section 4.2.
package enum Scope: String, Sendable, Hashable, CaseIterable {
    case jobSubmit = "job:submit"
    case jobRead = "job:read"
    case jobCancel = "job:cancel"
    case planApprove = "plan:approve"
    case releaseVote = "release:vote"
    case datasetRead = "dataset:read"
    case datasetManage = "dataset:manage"
    case imageManage = "image:manage"
    case policyManage = "policy:manage"
    case projectManage = "project:manage"
    /// Accounts of others, and one's own keys and tokens.
    case accountManage = "account:manage"
    case nodeManage = "node:manage"
    case logReadPrivate = "log:read-private"
    case sitePause = "site:pause"

    /// Reads a scope's name.
    ///
    /// - Throws: `schema.type`.
    package init(reading name: String) throws(GloveboxError) {
        guard let scope = Scope(rawValue: name) else {
            throw GloveboxError(
                "schema.type",
                "no such scope: \(Display.escape(name))",
                hint: "Scopes are \(Scope.allCases.map(\.rawValue).joined(separator: ", "))."
            )
        }
        self = scope
    }
}

extension Set<Scope> {
    /// The names, sorted.
    package var names: [String] { map(\.rawValue).sorted() }
    /// Every scope.
    package static var all: Set<Scope> { Set(Scope.allCases) }
}
