package import GloveboxCore

/// Turns a bearer token into a caller.
package protocol Authenticator: Sendable {
    /// Who this token logs in.
    ///
    /// - Throws: `auth.missing` for a wrong, unknown or expired token, with the same answer for all three.
    func authenticate(token: String) async throws(GloveboxError) -> Caller
}
