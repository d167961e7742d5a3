internal import Crypto
internal import Foundation
package import GloveboxCore
internal import GloveboxStore

/// Keeps a broker's key-encryption key at rest so that only one state of the ledger opens it.
///
/// Whoever puts back an older ledger has lost the key, and every dataset with it.
package protocol KeySealing: Sendable {
    /// What holds the key, as reports and `doctor` name it: `software`, or a root of trust.
    var name: String { get }

    /// Encrypts the key for that state; nothing that was sealed before counts when ``settle(_:)`` has been called.
    ///
    /// - Throws: `broker.seal`; codes of the hardware.
    func seal(_ key: [UInt8], for state: LedgerState) throws(GloveboxError) -> [UInt8]

    /// Decrypts a key that was sealed for exactly that state.
    ///
    /// - Throws: `broker.open` for another state; codes of the hardware.
    func open(_ sealed: [UInt8], at state: LedgerState) throws(GloveboxError) -> [UInt8]

    /// The sealed key for that state is durable: what makes older ones worthless, such as a counter, may move now.
    ///
    /// It is called again with the same state after a crash.
    ///
    /// - Throws: codes of the hardware.
    func settle(_ state: LedgerState) throws(GloveboxError)
}

/// What a broker's key is sealed under: 32 bytes, and what keeps them.
package struct SealingSecret: Sendable {
    /// The bytes.
    package let bytes: [UInt8]
    /// What keeps them when no broker runs: `software` for a file, or the root of trust of a TPM.
    package let keeper: String

    /// Takes up a secret.
    ///
    /// - Throws: `broker.key` when it has not 32 bytes.
    package init(_ bytes: [UInt8], keeper: String) throws(GloveboxError) {
        guard bytes.count == 32 else { throw GloveboxError("broker.key", "the broker's secret has not 32 bytes") }
        self.bytes = bytes
        self.keeper = keeper
    }
}

extension SealingSecret {
    /// Reads the form of ``json``.
    ///
    /// - Throws: `schema.*`, `base64.invalid`, `broker.key`.
    init(json: JSONValue) throws(GloveboxError) {
        var fields = try JSONFields(json, at: "secret")
        let (bytes, keeper) = (try fields.base64("bytes"), try fields.string("keeper"))
        try fields.finish()
        try self.init(bytes, keeper: keeper)
    }

    /// The form in which the supervisor hands it over.
    var json: JSONValue { ["bytes": .string(Base64.encode(bytes)), "keeper": .string(keeper)] }
}

/// Seals under a secret: one in a file beside the ledger, or one that a TPM keeps.
///
/// It sees that ledger and key are of one state. Somebody who puts back the whole directory is seen by the log alone.
package struct SecretSealing: KeySealing {
    private let secret: SealingSecret

    package var name: String { secret.keeper }

    /// Makes the secret of a new store.
    ///
    /// - Throws: `key.exists`, `store.io`.
    static func create(_ path: String) throws(GloveboxError) { try KeyFile.create(path, Random.bytes(32)) }

    /// Reads the secret from a file; refuses one that others can read.
    ///
    /// - Throws: `broker.key`, `key.*`, `store.io`.
    init(_ path: String) throws(GloveboxError) {
        secret = try SealingSecret(KeyFile.read(path), keeper: "software")
    }

    /// Takes a secret that the supervisor had from its TPM.
    package init(_ secret: SealingSecret) { self.secret = secret }

    package func seal(_ key: [UInt8], for state: LedgerState) throws(GloveboxError) -> [UInt8] {
        try SealedChunks.seal(key, key: wrapping(state), label: "glovebox/kek/v1")
    }

    package func open(_ sealed: [UInt8], at state: LedgerState) throws(GloveboxError) -> [UInt8] {
        try SealedChunks.open(sealed, key: wrapping(state), label: "glovebox/kek/v1")
    }

    package func settle(_ state: LedgerState) throws(GloveboxError) {}

    private func wrapping(_ state: LedgerState) -> [UInt8] {
        let info = Array("glovebox/kek/v1 \(state.count) \(state.head.hex)".utf8)
        let key = HKDF<SHA256>.deriveKey(
            inputKeyMaterial: SymmetricKey(data: secret.bytes),
            info: info,
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
