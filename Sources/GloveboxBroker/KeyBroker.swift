internal import Crypto
internal import Foundation
package import GloveboxAttestation
package import GloveboxCore
internal import GloveboxPolicy
package import GloveboxPrivacy
package import GloveboxStore
internal import GloveboxTransparency

/// Keeps the keys of datasets and what was spent on them, and lets a key go only to a run that proved itself, paid, and
/// stands in the log.
///
/// One thread uses it. Source: attestation specification, section 11.
package final class KeyBroker {
    let store: BrokerStore
    let clock: LogClock
    /// What holds the key-encryption key at rest.
    package let sealing: String
    private let root: [UInt8]
    private let log: NoteKey
    private var nonces = NonceRegister()
    /// A key-encryption key that is to take over.
    private var next: [UInt8]?

    private static func anchors(_ directory: String) -> (root: String, log: String) {
        (directory + "/root.pem", directory + "/log.vkey")
    }

    /// Makes the store of a new site, and pins whom it believes.
    ///
    /// - Parameters:
    ///   - directory: an empty directory that is the broker's own.
    ///   - root: the root certificate, PEM.
    ///   - log: the log's public key, a vkey line.
    /// - Throws: `key.exists`, `store.io`.
    package static func create(_ directory: String, root: [UInt8], log: String) throws(GloveboxError) {
        try SecretSealing.create(directory + "/secret")
        let pinned = anchors(directory)
        try KeyFile.create(pinned.root, root)
        try KeyFile.create(pinned.log, Array(log.utf8))
        try BrokerStore.create(directory, sealing: SecretSealing(directory + "/secret"))
    }

    /// Opens a store.
    ///
    /// - Parameters:
    ///   - directory: the broker's own.
    ///   - sealing: what holds the key-encryption key; a secret file when nil.
    ///   - clock: for the age of nonces and certificates.
    /// - Throws: `kbs.rollback`, `kbs.store`, `log.locked`, `key.*`, `store.io`.
    package init(
        _ directory: String,
        sealing: (any KeySealing)? = nil,
        clock: LogClock = .system
    ) throws(GloveboxError) {
        let sealing: any KeySealing =
            if let sealing { sealing } else { try SecretSealing(directory + "/secret") }
        let pinned = Self.anchors(directory)
        root = try VerifyingKey(
            certificate: PEM.decode(KeyFile.read(pinned.root), label: "CERTIFICATE")
        ).spki
        let line = try KeyFile.read(pinned.log).filter { $0 != 0x0a }
        log = try NoteKey(vkey: String(decoding: line, as: UTF8.self))
        store = try BrokerStore(directory, sealing: sealing)
        self.sealing = sealing.name
        self.clock = clock
    }

    /// Value of the TPM's counter that the ledger as it stands is bound to; nil where nothing counts.
    package var count: UInt64? { store.count }

    /// How far the ledger goes.
    package var state: LedgerState { store.state }

    /// Names the key-encryption key without telling it.
    package func kekID() throws(GloveboxError) -> GloveboxCore.Digest {
        Self.kekID(of: try store.keyEncryptionKey())
    }

    /// A key for what the supervisor itself encrypts and reads again: specs and unit tags of what was released.
    package func historyKey() throws(GloveboxError) -> [UInt8] {
        guard let wrapped = store.book.history else {
            return Self.derived(Self.historyLabel, from: try store.keyEncryptionKey())
        }
        return try SealedChunks.open(wrapped, key: store.keyEncryptionKey(), label: Self.historyLabel)
    }

    /// Makes a key-encryption key that ``rotate()`` puts in force; names it without telling it.
    package func prepareRotation() -> GloveboxCore.Digest {
        let key = Random.bytes(32)
        next = key
        return Self.kekID(of: key)
    }

    /// Puts the key that was made in the place of the present one; what was wrapped under that is wrapped anew.
    ///
    /// Data keys stay what they are: who had the old key with a copy of the store must be assumed to have them.
    ///
    /// - Throws: `kbs.message` when none was made; `store.*`.
    package func rotate() throws(GloveboxError) {
        guard let new = next else { throw GloveboxError("kbs.message", "no key was made that could take over") }
        next = nil
        let old = try store.keyEncryptionKey()
        var keys: [EnrolledKey] = []
        for key in store.book.keys.values.sorted(by: { $0.file < $1.file }) {
            let label = Self.label(key.file, key.commitment)
            let bare = try SealedChunks.open(key.wrapped, key: old, label: label)
            let wrapped = try SealedChunks.seal(bare, key: new, label: label)
            keys.append(EnrolledKey(file: key.file, commitment: key.commitment, wrapped: wrapped))
        }
        let history = try SealedChunks.seal(historyKey(), key: new, label: Self.historyLabel)
        try store.add(.rotated(keys, history: history), key: new)
    }

    private static let historyLabel = "glovebox/history/v1"

    /// Refuses a store that is older than what the site's log says of it; gives the grants that came after.
    ///
    /// - Throws: `kbs.rollback`.
    package func check(against logged: LedgerState) throws(GloveboxError) -> [KeyGrant] {
        guard store.head(at: logged.count) == logged.head else {
            throw GloveboxError(
                "kbs.rollback",
                "the log knows \(logged.count) entries of the broker's ledger, which has \(state.count) others",
                hint: "The broker's directory was put back. Restore the newest copy of it."
            )
        }
        return store.book.order.filter { $0.count > logged.count }.compactMap { store.book.grants[$0.request] }
    }

    /// Takes in the keys of a dataset.
    ///
    /// - Throws: `kbs.key` when there are other keys under that name; `store.*`.
    package func enrol(
        file: String,
        commitment: GloveboxCore.Digest,
        keys: DatasetKeys
    ) throws(GloveboxError) {
        if store.book.keys[file] != nil {
            throw GloveboxError("kbs.key", "there are keys of the file \(Display.escape(file)) already")
        }
        let wrapped = try SealedChunks.seal(
            keys.bytes,
            key: store.keyEncryptionKey(),
            label: Self.label(file, commitment)
        )
        try store.add(.enrolled(EnrolledKey(file: file, commitment: commitment, wrapped: wrapped)))
    }

    /// A nonce of 32 bytes for one request within five minutes.
    ///
    /// - Throws: `kbs.nonce`.
    package func nonce() throws(GloveboxError) -> [UInt8] { try nonces.issue(at: clock.now().monotonic) }

    /// Appraises evidence, and grants the key of a file, and those of files joined to it: paid and durable, but not out yet.
    ///
    /// The same request gets the same grant and pays once; so does one whose first answer was lost.
    ///
    /// `policy` is the chain of documents that the plan's output policy was merged from; it is merged again here, and the
    /// site's own, which the others can only tighten, must be among the signed reference values.
    ///
    /// - Throws: `kbs.nonce`, `kbs.replay`, `kbs.key`, `kbs.budget`, or `kbs.evidence` with all causes; codes of
    ///   ``PolicyChain``.
    package func grant(
        _ evidence: KeyEvidence,
        nonce: [UInt8],
        file: String,
        joined: [String] = [],
        policy: JSONValue
    ) throws(GloveboxError) -> KeyGrant {
        let now = clock.now()
        try nonces.take(nonce, at: now.monotonic)
        var commitments: [GloveboxCore.Digest] = []
        for file in [file] + joined {
            guard let key = store.book.keys[file] else {
                throw GloveboxError("kbs.key", "the broker has no key of the file \(Display.escape(file))")
            }
            commitments.append(key.commitment)
        }
        let rules = try PolicyChain(json: policy)
        guard let base = rules.layers.first, base.level == .site else {
            throw GloveboxError("kbs.evidence", "the output policy shown does not begin with the site's own")
        }
        let basePolicy = try PolicyChain([base]).document.digest
        let appraisal = KeyAppraisal(
            evidence,
            expecting: KeyExpectations(
                root: store.book.followed?.root ?? root,
                nonce: nonce,
                commitments: commitments,
                outputPolicy: (rules.document.digest, basePolicy),
                now: now.wall,
                seenTrustVersion: store.book.trustVersion
            )
        )
        guard let run = appraisal.run else { throw Self.refusal(appraisal.causes) }
        try follow(run)
        let request = KeyGrant.id(job: run.job, run: run.run, plan: run.plan, commitments: commitments)
        if let known = store.book.grants[request] {
            guard known.hpkeKey == run.hpkeKey else {
                throw GloveboxError("kbs.replay", "this run was granted its key before, for another HPKE key")
            }
            return known
        }
        try checkRuns(run, OutputPolicy(rules.document.canonical), basePolicy, now.wall)
        let grant = KeyGrant(
            request: request,
            job: run.job,
            project: run.project,
            plan: run.plan,
            policy: run.outputPolicy,
            basePolicy: basePolicy,
            start: run.start,
            hpkeKey: run.hpkeKey,
            commitment: commitments[0],
            joined: Array(commitments.dropFirst()),
            trustVersion: run.trustVersion,
            time: now.wall
        )
        try store.add(.granted(grant))
        return grant
    }

    /// Gives out a granted key, sealed, when the log is shown to hold its release.
    ///
    /// - Throws: `kbs.log-first` with the reason; `log.rollback` for a log shorter than one seen before.
    package func release(
        _ request: GloveboxCore.Digest,
        file: String,
        entry: [UInt8],
        proof: [UInt8]
    ) throws(GloveboxError) -> SealedKey {
        guard let grant = store.book.grants[request], let key = store.book.keys[file],
            ([grant.commitment] + grant.joined).contains(key.commitment)
        else { throw GloveboxError("kbs.key", "no key of that file is granted under that request") }
        let place: (index: UInt64, size: UInt64)
        do throws(GloveboxError) { place = try logged(grant, entry, proof) } catch {
            throw GloveboxError(
                "kbs.log-first",
                "the log is not shown to hold the release: \(error.code): \(error.message)"
            )
        }
        guard place.size >= store.book.logSize else {
            throw GloveboxError(
                "log.rollback",
                "the log has \(place.size) entries; the broker has seen one of \(store.book.logSize)"
            )
        }
        if !store.book.released.contains(request) {
            try store.add(.released(request: request, index: place.index, size: place.size))
        }
        let keys = try SealedChunks.open(
            key.wrapped,
            key: store.keyEncryptionKey(),
            label: Self.label(file, key.commitment)
        )
        return try SealedKey(sealing: keys, to: grant.hpkeKey, plan: grant.plan)
    }

    /// The key under which what a run left is kept until it is decided: of this run alone, as job, run, plan and data make its
    /// request, and only once the log has the release of its data's key.
    ///
    /// It follows from the key-encryption key, so it changes with that, and stays shut wherever that stays shut.
    ///
    /// - Throws: `kbs.key` for a run that was given no key; `store.*`.
    package func checkingKey(_ request: GloveboxCore.Digest) throws(GloveboxError) -> [UInt8] {
        guard store.book.grants[request] != nil, store.book.released.contains(request) else {
            throw GloveboxError("kbs.key", "no key was given out under that request, so no run of it left anything")
        }
        return Self.derived("glovebox/checking/v1 \(request.hex)", from: try store.keyEncryptionKey())
    }

    /// Believes an heir of the root, and the log's key that it vouches for, from now on; what was before counts no more.
    private func follow(_ run: AppraisedRun) throws(GloveboxError) {
        let believed = store.book.followed ?? (root, log)
        guard believed.root != run.root || believed.log != run.log else { return }
        try store.add(.followed(root: run.root, log: run.log))
    }

    /// Charges for noise within the limits of the plan's own output policy, its number of rounds among them; the same charge
    /// of a run is made once.
    ///
    /// - Throws: `kbs.key`, `kbs.budget`, `budget.exhausted`, `privacy.*`, `store.*`.
    package func charge(
        _ charge: PrivacyLedger.Charge,
        under request: GloveboxCore.Digest,
        policy: JSONValue
    ) throws(GloveboxError) {
        guard let grant = store.book.grants[request], grant.project == charge.project else {
            throw GloveboxError("kbs.key", "nothing is granted to that project under that request")
        }
        let id = GloveboxCore.Digest(
            sha256: Array("glovebox-kbs-charge-v1\0".utf8) + request.bytes + charge.key.bytes
        )
        if store.book.charges.contains(id) { return }
        let rules = try Self.policy(policy, grant.policy)
        guard rules.privacy.budget != nil else {
            throw GloveboxError("kbs.budget", "the plan's output policy has no budget")
        }
        try store.book.noise.check(charge, under: rules)
        try store.add(.charged(charge, request: id))
    }

    /// Begins a lineage with what was spent on another; nothing is given back by it.
    ///
    /// - Throws: `privacy.overflow`, `store.*`.
    package func split(_ lineage: String, into new: String) throws(GloveboxError) {
        try store.add(.split(from: lineage, into: new))
    }

    /// The log's own word that it holds exactly this release.
    private func logged(
        _ grant: KeyGrant,
        _ entry: [UInt8],
        _ proof: [UInt8]
    ) throws(GloveboxError) -> (index: UInt64, size: UInt64) {
        let receipt = try TlogProof(parsing: proof)
        let checkpoint = try receipt.verify(entry: entry, log: store.book.followed?.log ?? log)
        let event = try PublicEvent(JSONReader.readCanonical(entry), at: receipt.index)
        let claimed = ["plan", "start", "request", "hpkeKey", "kekId"].map { event[$0] }
        let granted = [
            grant.plan.hex, grant.start.hex, grant.request.hex, GloveboxCore.Digest(sha256: grant.hpkeKey).hex,
            try kekID().hex,
        ]
        guard event.kind == .keyReleased, event.job == grant.job, claimed == granted else {
            throw GloveboxError("log.entry-mismatch", "the entry is not the release of this key to this run")
        }
        return (receipt.index, checkpoint.size)
    }

    /// Every run that sees data tells a little, so a policy bounds how many there are in a day.
    private func checkRuns(
        _ run: AppraisedRun,
        _ policy: OutputPolicy,
        _ base: GloveboxCore.Digest,
        _ now: Instant
    ) throws(GloveboxError) {
        let limit = policy.channels.maxRunsPerDay
        let runs = store.book.runs(
            of: run.project,
            policy: base,
            since: now.adding(seconds: -86400)
        )
        guard runs < limit else {
            throw GloveboxError(
                "kbs.budget",
                "the output policy allows \(limit) runs in 24 hours, and \(runs) were paid for"
            )
        }
    }

    private static func policy(
        _ value: JSONValue,
        _ digest: GloveboxCore.Digest
    ) throws(GloveboxError) -> OutputPolicy {
        let policy = try OutputPolicy(PolicyChain(json: value).document.canonical)
        guard policy.document.digest == digest else {
            throw GloveboxError("kbs.evidence", "the output policy shown is not the plan's")
        }
        return policy
    }

    private static func refusal(_ causes: [GloveboxError]) -> GloveboxError {
        let own = causes.first { $0.code.utf8.starts(with: "kbs.".utf8) }?.code
        let list = causes.map { "\($0.code): \($0.message)" }.joined(separator: "; ")
        return GloveboxError(own ?? "kbs.evidence", "the evidence is not accepted: \(list)")
    }

    private static func label(_ file: String, _ commitment: GloveboxCore.Digest) -> String {
        "glovebox/dataset-keys/v1 \(file) \(commitment.hex)"
    }

    private static func kekID(of key: [UInt8]) -> GloveboxCore.Digest {
        GloveboxCore.Digest(bytes: derived("glovebox/kek-id/v1", from: key)) ?? .zero
    }

    private static func derived(_ info: String, from key: [UInt8]) -> [UInt8] {
        let key = HKDF<SHA256>.deriveKey(
            inputKeyMaterial: SymmetricKey(data: key),
            info: Array(info.utf8),
            outputByteCount: 32
        )
        return unsafe key.withUnsafeBytes { unsafe Array($0) }
    }
}
