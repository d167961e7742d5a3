internal import GloveboxCore
internal import GloveboxTransparency

/// Seals under a secret that a TPM keeps, each state of the ledger for a value of the TPM's counter.
///
/// Every entry moves the counter by one, and the supervisor sees to that before it uses the broker's answer. A site that
/// was put back whole, its log with it, has a key for a value gone by, which opens nothing. A key for a value to come is
/// what a crash leaves between the two. Source: attestation specification, section 11.
final class CountedSealing: KeySealing {
    private let secret: SealingSecret
    /// The counter's value for an empty ledger, in wrapping arithmetic; known when a key was opened.
    private var base: UInt64?
    private(set) var isStale = false

    private static let magic: [UInt8] = [0x47, 0x42, 0x58, 0x43, 1]
    /// More entries than one call makes.
    private static let mostAhead: UInt64 = 64

    var name: String { secret.keeper }

    /// Takes what the supervisor had from its TPM.
    init(_ secret: SealingSecret) { self.secret = secret }

    func count(at state: LedgerState) -> UInt64? { base.map { $0 &+ state.count } }

    func seal(_ key: [UInt8], for state: LedgerState) throws(GloveboxError) -> [UInt8] {
        guard let base, let count = count(at: state) else {
            throw GloveboxError("broker.seal", "the store was not opened before it is sealed")
        }
        let wrapping = SecretSealing.wrapping(secret.bytes, state, count: count)
        return try Self.magic + base.bigEndianBytes + SealedChunks.seal(key, key: wrapping, label: SecretSealing.label)
    }

    func open(_ sealed: [UInt8], at state: LedgerState) throws(GloveboxError) -> [UInt8] {
        guard sealed.starts(with: Self.magic), sealed.count >= Self.magic.count + 8 else {
            let key = try SecretSealing(secret: secret.bytes).open(sealed, at: state)
            try adopt(state, "the broker's key is of a time before the TPM counted entries of its ledger")
            return key
        }
        let (number, box) = (sealed[Self.magic.count...].prefix(8), sealed[(Self.magic.count + 8)...])
        let base = number.reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        let count = base &+ state.count
        let wrapping = SecretSealing.wrapping(secret.bytes, state, count: count)
        let key = try SealedChunks.open(Array(box), key: wrapping, label: SecretSealing.label)
        self.base = base
        guard count >= secret.counter else {
            try adopt(
                state,
                "the TPM's counter is \(secret.counter - count) entries ahead of the broker's ledger: the site was put back"
            )
            return key
        }
        guard count - secret.counter <= Self.mostAhead else {
            throw GloveboxError("kbs.store", "the broker's key is for a value that the TPM's counter is far from")
        }
        return key
    }

    /// Binds the ledger to the counter as it stands, if the owner said so.
    private func adopt(_ state: LedgerState, _ refusal: String) throws(GloveboxError) {
        guard secret.adopts else {
            throw GloveboxError(
                "kbs.rollback",
                refusal,
                hint: "Restore the newest copy. If there is none, the owner may accept this ledger, and what was spent "
                    + "since is forgotten: glovebox keys seal --accept-older-ledger."
            )
        }
        base = secret.counter &- state.count
        isStale = true
    }
}
