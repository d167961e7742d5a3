internal import Crypto
internal import Foundation
package import GloveboxCore
internal import GloveboxStore

/// Keeps a broker's key-encryption key at rest so that only one state of the ledger opens it.
///
/// Whoever puts back an older ledger has lost the key, and every dataset with it.
package protocol KeySealing {
    /// What holds the key, as reports and `doctor` name it: `software`, or a root of trust.
    var name: String { get }

    /// Encrypts the key for that state.
    ///
    /// - Throws: `broker.seal`.
    func seal(_ key: [UInt8], for state: LedgerState) throws(GloveboxError) -> [UInt8]

    /// Decrypts a key that was sealed for exactly that state.
    ///
    /// - Throws: `broker.open` for another state, `kbs.rollback` for one that a counter has left behind.
    func open(_ sealed: [UInt8], at state: LedgerState) throws(GloveboxError) -> [UInt8]

    /// Whether what was opened is to be sealed anew before anything else.
    var isStale: Bool { get }

    /// Value of the counter that a state is bound to; nil where nothing counts.
    func count(at state: LedgerState) -> UInt64?
}

/// Seals under a secret in a file beside the ledger.
///
/// It sees that ledger and key are of one state. Somebody who puts back the whole directory is seen by the log alone.
package struct SecretSealing: KeySealing {
    private let secret: [UInt8]

    package var name: String { "software" }

    /// Makes the secret of a new store.
    ///
    /// - Throws: `key.exists`, `store.io`.
    static func create(_ path: String) throws(GloveboxError) { try KeyFile.create(path, Random.bytes(32)) }

    /// Reads the secret from a file; refuses one that others can read.
    ///
    /// - Throws: `broker.key`, `key.*`, `store.io`.
    init(_ path: String) throws(GloveboxError) { secret = try SealingSecret.checked(KeyFile.read(path)) }

    /// Takes a secret as it is.
    init(secret: [UInt8]) { self.secret = secret }

    package func seal(_ key: [UInt8], for state: LedgerState) throws(GloveboxError) -> [UInt8] {
        try SealedChunks.seal(key, key: Self.wrapping(secret, state), label: Self.label)
    }

    package func open(_ sealed: [UInt8], at state: LedgerState) throws(GloveboxError) -> [UInt8] {
        try SealedChunks.open(sealed, key: Self.wrapping(secret, state), label: Self.label)
    }

    package var isStale: Bool { false }

    package func count(at state: LedgerState) -> UInt64? { nil }

    static let label = "glovebox/kek/v1"

    /// What the key is encrypted with: another for every state, and where a TPM counts, for every count.
    static func wrapping(_ secret: [UInt8], _ state: LedgerState, count: UInt64? = nil) -> [UInt8] {
        let counted = count.map { " \($0)" } ?? ""
        let key = HKDF<SHA256>.deriveKey(
            inputKeyMaterial: SymmetricKey(data: secret),
            info: Array("\(label) \(state.count) \(state.head.hex)\(counted)".utf8),
            outputByteCount: 32
        )
        return unsafe key.withUnsafeBytes { unsafe Array($0) }
    }
}

/// Bytes from the system's generator.
enum Random {
    static func bytes(_ count: Int) -> [UInt8] {
        var generator = SystemRandomNumberGenerator()
        return (0..<count).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
    }
}
