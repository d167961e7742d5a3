internal import GloveboxCore
internal import GloveboxTransparency

/// What a site cannot know any more: entries of its log that came back from a mirror, without the private bodies that its
/// state rested on.
///
/// Nothing is put in their place. A key may have been revoked there, a budget spent, an output released: so the site starts,
/// releases and changes nothing from then on, and only its log goes on.
struct LostPast: Sendable {
    /// How many of each kind.
    private(set) var kinds: [EventKind: Int] = [:]
    /// The first and the last of them.
    private(set) var range: ClosedRange<UInt64>?
    /// Entries whose bodies were erased by redactions that are among them.
    private(set) var redacted: Set<UInt64> = []

    var isEmpty: Bool { kinds.isEmpty }

    /// How many there are.
    var count: Int { kinds.values.reduce(0, +) }

    /// Takes note of one.
    mutating func note(_ record: SiteRecord) {
        kinds[record.kind, default: 0] += 1
        range = min(range?.lowerBound ?? record.index, record.index)...max(range?.upperBound ?? 0, record.index)
        guard record.kind == .redactionPerformed || record.kind == .keyDestroyed else { return }
        if let entry = record.json["entry"]?.string.flatMap({ UInt64($0) }) { redacted.insert(entry) }
    }

    /// Why the site changes nothing; nil while it may.
    var refusal: GloveboxError? {
        guard let range else { return nil }
        let told = kinds.sorted { $0.key.rawValue.utf8.lexicographicallyPrecedes($1.key.rawValue.utf8) }
        return GloveboxError(
            "site.incomplete",
            "\(count) entries of the log, from \(range.lowerBound) to \(range.upperBound), came back without what they "
                + "said: " + told.map { "\($0.value) \($0.key.rawValue)" }.joined(separator: ", "),
            hint:
                "The log goes on; the site starts, releases, spends and changes nothing any more. Found another under a "
                + "new origin, and count as spent there what may have been spent here."
        )
    }

    /// Why nobody is let in; nil while tokens can be believed: one may have been revoked.
    var loginRefusal: GloveboxError? {
        let isUnsure = kinds.keys.contains { kind in
            switch kind {
            case .sessionEnd, .userDisabled, .userRoleChanged, .keyRevoked, .redactionPerformed: true
            default: false
            }
        }
        return isUnsure ? refusal : nil
    }
}

extension SiteState {
    /// Whether the public leaf of an event says all that the state needs of it.
    ///
    /// A closed list: of every other kind the private body is needed, and a site that lacks some logs none of them.
    static func isTold(byLeafOf kind: EventKind, job: String?) -> Bool {
        switch kind {
        case .exportMade: true
        case .authLogin, .authLogout, .authFailed, .authMfa, .sitePaused, .siteResumed, .supervisorStart,
            .supervisorStop, .supervisorUpgrade, .configChanged, .sandboxProfile, .clockStepped, .timeSync,
            .hostMeasured, .adminShell,
            .backupMade, .backupRestored, .logRead, .logStopped, .logResumed, .logRecovered, .checkpointPublished,
            .witnessAdded, .witnessRemoved, .witnessUnreachable, .witnessDisagreed, .policyViolation, .incidentOpened,
            .incidentClosed:
            job == nil
        default: false
        }
    }

    /// Refuses an event that a site which lacks a part of its past cannot stand for.
    ///
    /// - Throws: `site.incomplete`.
    func requirePast(for event: Event) throws(GloveboxError) {
        guard let refusal = lost.refusal, !Self.isTold(byLeafOf: event.kind, job: event.job) else { return }
        throw refusal
    }
}
