internal import GloveboxCore
internal import GloveboxStore

/// Ledger and keys in one: each entry binds the key-encryption key to the ledger as it now is.
///
/// An entry counts when the key is sealed for the ledger with it. After a crash between the two the entry is cut off:
/// nobody was told of it. A ledger that was put back opens no key. Source: attestation specification, section 11.
final class BrokerStore {
    private let directory: Directory
    private let ledger: LedgerFile
    private let sealing: any KeySealing
    private var key: [UInt8]
    /// The head after each number of entries, from none on.
    private var heads: [Digest]
    private(set) var book = BrokerBook()
    /// What a failed write left unknown; nothing is answered any more.
    private var fault: GloveboxError?

    private static let ledgerName = "ledger"
    private static let keyName = "kek"

    /// Makes an empty store with a new key in a directory.
    ///
    /// - Throws: `key.exists`, `store.io`.
    static func create(_ path: String, sealing: any KeySealing) throws(GloveboxError) {
        let directory = Directory(path)
        guard try !Directory.exists(path + "/" + keyName) else {
            throw GloveboxError("key.exists", "the broker has a key already, and it is not replaced")
        }
        try LedgerFile.create(path + "/" + ledgerName)
        let sealed = try sealing.seal(Random.bytes(32), for: .empty)
        try directory.replace(keyName, with: sealed, permissions: 0o600)
    }

    /// Opens a store.
    ///
    /// - Throws: `kbs.rollback` when ledger and key are not of one state; `kbs.store`, `log.locked`, `key.*`, `store.io`.
    init(_ path: String, sealing: any KeySealing) throws(GloveboxError) {
        directory = Directory(path)
        self.sealing = sealing
        try directory.removeTemporaries()
        ledger = try LedgerFile(path + "/" + Self.ledgerName)
        let sealed = try KeyFile.read(path + "/" + Self.keyName)
        var states = [LedgerState.empty]
        for entry in ledger.entries { states.append(states[states.count - 1].adding(entry)) }
        let opened = try Self.open(sealed, states, sealing)
        key = opened.key
        heads = states.prefix(Int(opened.state.count) + 1).map(\.head)
        try ledger.keep(Int(opened.state.count))
        for entry in ledger.entries { try book.apply(LedgerEntry(json: JSONReader.readCanonical(entry))) }
        ledger.forget()
        if sealing.isStale {
            try directory.replace(Self.keyName, with: sealing.seal(key, for: state), permissions: 0o600)
        }
    }

    /// The key is sealed for the whole ledger, or for all but an entry that nobody was told of.
    private static func open(
        _ sealed: [UInt8],
        _ states: [LedgerState],
        _ sealing: any KeySealing
    ) throws(GloveboxError) -> (key: [UInt8], state: LedgerState) {
        for state in states.suffix(2).reversed() {
            do throws(GloveboxError) { return (try sealing.open(sealed, at: state), state) } catch {
                guard error.code == "broker.open" else { throw error }
            }
        }
        throw GloveboxError(
            "kbs.rollback",
            "the broker's ledger and key are not of one state: one of them was put back, cut or changed",
            hint: "Restore the newest copy of the whole broker directory. An older ledger opens no key."
        )
    }

    /// Value of the TPM's counter that the ledger as it stands is bound to; nil where nothing counts.
    var count: UInt64? { sealing.count(at: state) }

    /// How far the ledger goes.
    var state: LedgerState { LedgerState(count: UInt64(heads.count - 1), head: heads[heads.count - 1]) }

    /// The head when the ledger had so many entries; nil when it has fewer.
    func head(at count: UInt64) -> Digest? { count < UInt64(heads.count) ? heads[Int(count)] : nil }

    /// The key that wraps data keys.
    ///
    /// - Throws: what an earlier write failed with.
    func keyEncryptionKey() throws(GloveboxError) -> [UInt8] {
        if let fault { throw fault }
        return key
    }

    /// Adds an entry: durable, and the key bound to it, before this returns; with it, another key may take over.
    ///
    /// - Throws: `store.*`; the store then answers nothing until it is opened again.
    func add(_ entry: LedgerEntry, key next: [UInt8]? = nil) throws(GloveboxError) {
        let key = next ?? key
        if let fault { throw fault }
        var trial = book
        try trial.apply(entry)
        let bytes = CanonicalJSON.encode(entry.json)
        let after = state.adding(bytes)
        do throws(GloveboxError) {
            let sealed = try sealing.seal(key, for: after)
            try ledger.append(bytes)
            try directory.replace(Self.keyName, with: sealed, permissions: 0o600)
        } catch {
            fault = error
            throw error
        }
        self.key = key
        heads.append(after.head)
        book = trial
    }
}
