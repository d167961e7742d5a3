internal import GloveboxAttestation
internal import GloveboxCore
internal import GloveboxJobs

/// A person's account.
struct Account: Sendable {
    let id: String
    let name: String
    let roles: Set<Role>
    /// Keys with the time they were enrolled.
    var keys: [(key: PersonKey, since: Instant)] = []

    /// The key with that id.
    func key(_ id: String) -> PersonKey? { keys.first { $0.key.keyID == id }?.key }
}
