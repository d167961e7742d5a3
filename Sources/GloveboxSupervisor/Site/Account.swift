internal import GloveboxAPI
internal import GloveboxAttestation
internal import GloveboxCore
internal import GloveboxJobs

/// A person's account.
struct Account: Sendable {
    let id: String
    let name: String
    let roles: Set<Role>
    /// Keys with the time they were enrolled, and whether they were revoked.
    var keys: [(key: PersonKey, since: Instant, isRevoked: Bool)] = []

    /// Keys of client certificates, the revoked ones as well.
    var certificates: [CertificateInfo] = []

    /// The keys that may sign.
    var usable: [PersonKey] { keys.filter { !$0.isRevoked }.map(\.key) }

    /// The key with that id, if it may sign.
    func key(_ id: String) -> PersonKey? { usable.first { $0.keyID == id } }

    /// Whether a key with that id was ever enrolled.
    func knows(_ id: String) -> Bool { keys.contains { $0.key.keyID == id } }

    /// Why a key with that id may not sign.
    func refusal(of id: String) -> GloveboxError {
        knows(id)
            ? GloveboxError("key.revoked", "this key was revoked", hint: "Enrol another with 'glovebox login'.")
            : GloveboxError("key.unknown", "the account has not enrolled this key")
    }
}
