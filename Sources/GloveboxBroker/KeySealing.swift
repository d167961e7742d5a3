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

/// Seals under a secret file beside the ledger.
///
/// It sees that ledger and key are of one state. Somebody who puts back the whole directory is seen by the log alone.
package struct SoftwareSealing: KeySealing {
    private let secret: [UInt8]

    package var name: String { "software" }

    /// Makes the secret of a new store.
    ///
    /// - Throws: `key.exists`, `store.io`.
    static func create(_ path: String) throws(GloveboxError) { try KeyFile.create(path, Random.bytes(32)) }

    /// Reads the secret; refuses one that others can read.
    ///
    /// - Throws: `key.*`, `store.io`.
    init(_ path: String) throws(GloveboxError) {
        secret = try KeyFile.read(path)
        guard secret.count == 32 else { throw GloveboxError("broker.key", "the broker's secret has not 32 bytes") }
    }

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
            inputKeyMaterial: SymmetricKey(data: secret),
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
