internal import Crypto
internal import Foundation
package import GloveboxCore

/// How far a broker's ledger goes, and the hash over all of it.
package struct LedgerState: Sendable, Hashable {
    /// Number of entries.
    package let count: UInt64
    /// The last link of the hash chain.
    package let head: GloveboxCore.Digest

    /// States a position.
    package init(count: UInt64, head: GloveboxCore.Digest) {
        self.count = count
        self.head = head
    }

    /// An empty ledger.
    static let empty = LedgerState(count: 0, head: .zero)

    /// The state after one more entry: `SHA-256("glovebox/ledger/v1" || head || entry)`.
    func adding(_ entry: [UInt8]) -> LedgerState {
        var hash = SHA256()
        hash.update(data: Array("glovebox/ledger/v1".utf8) + head.bytes)
        hash.update(data: entry)
        return LedgerState(count: count + 1, head: GloveboxCore.Digest(bytes: Array(hash.finalize())) ?? .zero)
    }

    /// Reads the form of ``json``.
    ///
    /// - Throws: `schema.*`.
    package init(json: JSONValue) throws(GloveboxError) {
        var fields = try JSONFields(json, at: "ledger")
        count = try fields.decimal("count")
        head = try fields.digest("head")
        try fields.finish()
    }

    /// The JSON form.
    package var json: JSONValue { ["count": .string(String(count)), "head": head.json] }
}
