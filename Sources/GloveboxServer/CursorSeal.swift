internal import Crypto
internal import GloveboxCore

/// Makes and opens cursors of lists: opaque, bound to who asked and for what, and good for a day.
///
/// Source: job-backend sections 3.1 and 4.4. The key dies with the process; a cursor of an earlier one is refused.
struct CursorSeal: Sendable {
    private let key = SymmetricKey(size: .bits256)

    /// Seconds for which a cursor is good.
    private static let period: Int64 = 86400

    /// A cursor for a position in a list; `scope` names caller and filter.
    func seal(_ position: UInt64, scope: String, now: Instant) -> String {
        let head = Self.bytes(position) + Self.bytes(UInt64(clamping: now.seconds + Self.period))
        return Base64.encodeURL(head + code(head, scope))
    }

    /// The position.
    ///
    /// - Throws: `request.invalid` for anything that ``seal(_:scope:now:)`` did not make for this scope in the last day.
    func open(_ text: String, scope: String, now: Instant) throws(GloveboxError) -> UInt64 {
        let refused = GloveboxError(
            "request.invalid",
            "the cursor is not one of this list, or is older than a day",
            hint: "Begin the list again without it."
        )
        guard let bytes = Base64.decodeURL(text), bytes.count == 48 else { throw refused }
        let head = Array(bytes[..<16])
        let isReal = HMAC<SHA256>.isValidAuthenticationCode(
            Array(bytes[16...]),
            authenticating: head + [0] + Array(scope.utf8),
            using: key
        )
        guard isReal, now.seconds < Int64(clamping: Self.number(head[8...])) else { throw refused }
        return Self.number(head[..<8])
    }

    private func code(_ head: [UInt8], _ scope: String) -> [UInt8] {
        Array(HMAC<SHA256>.authenticationCode(for: head + [0] + Array(scope.utf8), using: key))
    }

    private static func bytes(_ number: UInt64) -> [UInt8] {
        stride(from: 56, through: 0, by: -8).map { UInt8(truncatingIfNeeded: number >> UInt64($0)) }
    }

    private static func number(_ bytes: ArraySlice<UInt8>) -> UInt64 { bytes.reduce(0) { $0 << 8 | UInt64($1) } }
}
