internal import Glibc
package import GloveboxAttestation
internal import GloveboxBroker
package import GloveboxCore
internal import GloveboxStore
internal import GloveboxTPM
internal import GloveboxTransparency

/// Changes of a site's keys, made while its supervisor is stopped.
package struct KeyCeremony: Sendable {
    private let layout: SiteLayout
    private let tpm: TPMChoice?
    private let offline: CertificateAuthority?

    /// Prepares a ceremony; `rootDirectory` has the root where its key is kept off the site.
    ///
    /// `tpm` as the supervisor is started with it, for the broker, whose secret the TPM may keep.
    ///
    /// - Throws: codes of ``OfflineRoot/open(_:)``.
    package init(
        _ layout: SiteLayout,
        rootDirectory: String? = nil,
        tpm: TPMChoice? = nil
    ) throws(GloveboxError) {
        self.layout = layout
        self.tpm = tpm
        offline = try rootDirectory.map { path throws(GloveboxError) in try OfflineRoot.open(path) }
    }

    /// A key that took another's place.
    package struct Change: Sendable {
        /// What it is for.
        package let use: KeyUse
        /// The key before, nil for the first of its use, and the one now.
        package let before: Digest?
        package let now: Digest
        /// From when.
        package let from: Instant

        /// For programs.
        package var json: JSONValue {
            var object = JSONObject([
                ("use", .string(use.rawValue)), ("now", .string(now.hex)), ("from", .string(from.text)),
            ])
            object["before"] = before.map { .string($0.hex) }
            return .object(object)
        }
    }

    /// Gives one use a new key; the old one counts until the new one does, and its private half is destroyed.
    ///
    /// Another root comes with another platform CA and another node CA. `newRoot` names the directory of a root that is to be kept off the
    /// site; without it the new root's key stays on the site. For the log and the witness the old key signs on beside the
    /// new one for `overlap` seconds. The key is logged before it is in force; the call returns when it is.
    ///
    /// - Throws: `key.root-offline`, `key.root-mismatch`, `kbs.*`, `log.*`, `storage.*`.
    package func rotate(
        _ use: KeyUse,
        newRoot: String? = nil,
        overlap: Int64 = 0
    ) throws(GloveboxError) -> [Change] {
        let (changes, signing) = try change(use, newRoot, overlap)
        while let from = changes.first?.from, Machine.now() < from { usleep(10_000) }
        let site = try Site(opening: layout, tpm: TPMChoice.none, meetingBroker: false)
        defer { site.log.close() }
        try site.writeTrustFiles(root: signing)
        return changes
    }

    /// When a key that is made now takes another's place: periods are in seconds, a report's time in the log is rounded up to
    /// one, and no report of before may stand behind the end of its key.
    static func changeover() -> Instant { Instant(seconds: Machine.now().seconds + 2) }

    /// Makes the keys and puts them in force; gives the root that signs from then on, where its key is at hand.
    private func change(
        _ use: KeyUse,
        _ newRoot: String?,
        _ overlap: Int64
    ) throws(GloveboxError) -> (changes: [Change], signing: CertificateAuthority?) {
        let ofBroker = use == .broker
        let site = try Site(opening: layout, tpm: ofBroker ? tpm : TPMChoice.none, meetingBroker: ofBroker)
        defer { site.close() }
        if use == .tsa, site.authority != nil {
            throw GloveboxError(
                "key.in-use",
                "the settings name another operator's time-stamping authority, whose key is not this site's to change",
                hint: "Give the section timestamp of gloveboxd.yaml its new certificate, or remove the section."
            )
        }
        var record = site.keys.record
        let before = record
        let maker = KeyMaker(layout: layout, site: site.configuration)
        let time = Self.changeover()
        var signing = try root(of: site, needed: [.root, .platform, .nodes].contains(use))
        switch use {
        case .root:
            guard let old = signing else { throw Self.rootMissing }
            let new: CertificateAuthority
            if let newRoot {
                new = try OfflineRoot.open(newRoot)
                record.add(.root, new.key.publicKey.digest, [new.certificate], from: time)
            } else {
                new = try maker.makeRoot(into: &record, at: time)
            }
            record.successions.append(try RootSuccession(from: old, to: new))
            try maker.makePlatform(under: new, into: &record, at: time)
            try maker.makeNodes(under: new, into: &record, at: time)
            signing = new
        case .platform:
            guard let signing else { throw Self.rootMissing }
            try maker.makePlatform(under: signing, into: &record, at: time)
        case .nodes:
            guard let signing else { throw Self.rootMissing }
            try maker.makeNodes(under: signing, into: &record, at: time)
        case .sct, .tsa, .links, .log, .witness: try maker.make(use, into: &record, at: time, overlap: overlap)
        case .broker: record.note(broker: try site.broker.prepareRotation(), from: time)
        }
        var changes: [Change] = []
        for use in KeyUse.allCases {
            let old = before.all(use).first
            guard let new = record.all(use).first, old?.key != new.key else { continue }
            changes.append(Change(use: use, before: old?.key, now: new.key, from: time))
            guard let old else {
                try site.record(Self.creation(new))
                continue
            }
            try site.record(use == .log ? Self.logRotation(old, new) : Self.rotation(old, new))
        }
        if ofBroker { try site.broker.rotate() }
        try record.write(layout)
        try maker.publish(record)
        return (changes, signing)
    }

    /// Puts the time-stamping authority in force that the settings name, or one of the site's own: logged before it counts.
    ///
    /// - Throws: `log.*`, `storage.*`, codes of ``KeyringRecord``.
    static func adopt(
        _ authority: TimestampChain?,
        in keys: inout SiteKeyring,
        _ maker: KeyMaker,
        _ log: LogWriter
    ) throws(GloveboxError) {
        let time = changeover()
        guard let changed = try keys.changed(stampingTo: authority, maker, from: time) else { return }
        _ = try SiteLog.append(rotation(keys.record.current(.tsa), changed.current(.tsa)), .null, to: log)
        while Machine.now() < time { usleep(10_000) }
        try keys.adopt(changed, maker)
    }

    /// Lets go of the TPM's attestation key: the next start has the TPM that is there make one, which is published then, and
    /// the period of the one before ends.
    ///
    /// - Returns: the key before.
    /// - Throws: `key.unknown` where no TPM vouches for the site, `log.*`, `storage.*`.
    package func forgetAttestationKey() throws(GloveboxError) -> Digest {
        let site = try Site(opening: layout, tpm: TPMChoice.none, meetingBroker: false)
        defer { site.close() }
        let keys = try site.publishedTrust()?.policy.attestationKeys ?? []
        guard let before = keys.last(where: { $0.validTo == nil })?.digest else {
            throw GloveboxError("key.unknown", "no TPM vouches for this site, so there is no key of one to change")
        }
        let fields: [(String, JSONValue)] = [("use", "tpm"), ("before", .string(before.hex))]
        try site.record(Event(kind: .keyRotated, entity: before.hex, fields: fields))
        try EventStore(directory: layout.attester).forgetKey()
        return before
    }

    /// Makes the node CA of a site that an earlier version founded, where the root is at hand: logged before it counts.
    ///
    /// - Throws: `log.*`, `storage.*`, `cert.issue`.
    static func addNodes(
        to keys: inout SiteKeyring,
        _ maker: KeyMaker,
        _ log: LogWriter
    ) throws(GloveboxError) {
        guard keys.record.all(.nodes).isEmpty, let root = keys.root else { return }
        var record = keys.record
        try maker.makeNodes(under: root, into: &record, at: Instant(seconds: Machine.now().seconds))
        _ = try SiteLog.append(creation(record.current(.nodes)), .null, to: log)
        try keys.adopt(record, maker)
    }

    private static func creation(_ new: KeyringRecord.Entry) -> Event {
        Event(kind: .keyCreated, entity: new.key.hex, fields: [("use", .string(new.use.rawValue))])
    }

    private static func rotation(_ old: KeyringRecord.Entry, _ new: KeyringRecord.Entry) -> Event {
        Event(
            kind: .keyRotated,
            entity: new.key.hex,
            fields: [("use", .string(new.use.rawValue)), ("before", .string(old.key.hex))]
        )
    }

    /// The old key's own word on the one that takes its place: its checkpoint covers this event.
    private static func logRotation(
        _ old: KeyringRecord.Entry,
        _ new: KeyringRecord.Entry
    ) throws(GloveboxError) -> Event {
        Event(
            kind: .logKeyRotated,
            fields: [
                ("before", .string(try SiteKeyring.noteKey(old).vkey)),
                ("now", .string(try SiteKeyring.noteKey(new).vkey)), ("from", .string(new.from.text)),
            ]
        )
    }

    /// Withdraws a key from a time on: a person's, one of the site's that another has replaced, or a TPM's, after which the
    /// site's reports may be without a quote again.
    ///
    /// - Throws: `key.unknown`, `key.in-use`, `key.revoked` when it is revoked already, `log.*`.
    package func revoke(_ key: Digest, reason: Revocation.Reason, from: Instant) throws(GloveboxError) -> Revocation {
        let site = try Site(opening: layout, tpm: TPMChoice.none, meetingBroker: false)
        defer { site.log.close() }
        let own = site.keys.record.entries.filter { $0.key == key }
        if let current = own.first(where: { $0.to == nil }) {
            throw GloveboxError(
                "key.in-use",
                "this is the site's key for \(current.use.rawValue)",
                hint: "Give that use a new key first: glovebox keys rotate \(current.use.rawValue)."
            )
        }
        let (isPerson, isRevoked) = site.read { state in
            (
                state.accounts.values.contains { $0.knows(key.hex) },
                state.revocations.contains { $0.key == key && $0.from <= from }
            )
        }
        let isTPM = try site.publishedTrust()?.policy.attestationKeys.contains { $0.digest == key } ?? false
        guard !own.isEmpty || isPerson || isTPM else {
            throw GloveboxError(
                "key.unknown",
                "neither the site, its TPM nor anyone with an account has this key",
                hint: "See 'glovebox keys list'."
            )
        }
        guard !isRevoked else { throw GloveboxError("key.revoked", "this key is revoked already") }
        let signing = try root(of: site, needed: false)
        let index = try site.record(
            Event(
                kind: .keyRevoked,
                entity: key.hex,
                fields: [("reason", .string(reason.rawValue)), ("from", .string(from.text))]
            ),
            ["key": .string(key.hex), "from": .string(from.text), "reason": .string(reason.rawValue)]
        )
        try site.writeTrustFiles(root: signing)
        return Revocation(key: key, from: from, logIndex: index, reason: reason)
    }

    /// Has the root sign the trust files for what there is; gives the policy's version.
    ///
    /// - Throws: `key.root-offline`, `key.root-mismatch`, `storage.*`.
    package func sign() throws(GloveboxError) -> UInt64 {
        let site = try Site(opening: layout, tpm: TPMChoice.none, meetingBroker: false)
        defer { site.log.close() }
        let signing = try root(of: site, needed: true)
        if try !site.isTrustCurrent() { try site.writeTrustFiles(root: signing) }
        return try site.trustVersion()
    }

    private static let rootMissing = GloveboxError(
        "key.root-offline",
        "the key of this site's root is not on the site",
        hint: "Give its directory with --root."
    )

    /// The root in force, from the site or from the directory given.
    private func root(of site: Site, needed: Bool) throws(GloveboxError) -> CertificateAuthority? {
        if let offline, offline.certificate != site.keys.rootCertificate {
            throw GloveboxError("key.root-mismatch", "the root in that directory is not the root of this site")
        }
        let root = offline ?? site.keys.root
        if needed, root == nil { throw Self.rootMissing }
        return root
    }
}
