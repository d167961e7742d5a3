package import GloveboxCore

/// Turns a bearer token into a caller.
package protocol Authenticator: Sendable {
    /// Who this token logs in.
    ///
    /// - Throws: `auth.missing` for a wrong, unknown or expired token, with the same answer for all three.
    func authenticate(token: String) async throws(GloveboxError) -> Caller

    /// Puts on record that a caller whose token is right was not let in.
    ///
    /// - Throws: `log.*`.
    func noteRefused(_ error: GloveboxError) async throws(GloveboxError)
}
