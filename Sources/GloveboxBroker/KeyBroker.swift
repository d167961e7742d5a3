internal import Crypto
internal import Foundation
package import GloveboxCore
internal import GloveboxStore

/// Keeps the key-encryption key, and lets a data key go only when the log has it.
package struct KeyBroker: Sendable {
    private let key: [UInt8]

    private static func path(_ root: String) -> String { root + "/broker/kek" }

    /// Makes the broker's key, once, in a new site.
    ///
    /// - Throws: `store.*` when there is one already.
    package static func create(root: String) throws(GloveboxError) {
        try KeyFile.create(path(root), random(32))
    }

    /// Opens the broker of a site; refuses a key that others can read.
    package init(root: String) throws(GloveboxError) {
        key = try KeyFile.read(Self.path(root))
        guard key.count == 32 else { throw GloveboxError("broker.key", "the broker's key has not 32 bytes") }
    }

    /// A fresh data key and the same wrapped.
    package func makeKey() throws(GloveboxError) -> (key: [UInt8], wrapped: [UInt8]) {
        let key = Self.random(32)
        return (key, try wrap(key))
    }

    /// Encrypts a data key under the key-encryption key.
    package func wrap(_ dataKey: [UInt8]) throws(GloveboxError) -> [UInt8] {
        try SealedChunks.seal(dataKey, key: key, label: "glovebox/data-key/v1")
    }

    /// Gives out a data key after `record` has made the release durable; when `record` throws, the key stays.
    package func release(
        _ wrapped: [UInt8],
        record: () throws(GloveboxError) -> Void
    ) throws(GloveboxError) -> [UInt8] {
        let key = try SealedChunks.open(wrapped, key: key, label: "glovebox/data-key/v1")
        try record()
        return key
    }

    /// Encrypts bytes that only the site itself reads again.
    package func seal(_ bytes: [UInt8], label: String) throws(GloveboxError) -> [UInt8] {
        try SealedChunks.seal(bytes, key: key, label: label)
    }

    /// Decrypts what ``seal(_:label:)`` made.
    package func open(_ sealed: [UInt8], label: String) throws(GloveboxError) -> [UInt8] {
        try SealedChunks.open(sealed, key: key, label: label)
    }

    private static func random(_ count: Int) -> [UInt8] {
        var generator = SystemRandomNumberGenerator()
        return (0..<count).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
    }
}
