package import GloveboxCore

extension EventKind {
    /// The public fields an event of this kind may have, beside those that every event has: everything else is denied in
    /// clear.
    ///
    /// What stands here is an id, a digest, a salted commitment, a code, or a number that the data has no part in. Names of
    /// earlier versions stay, so that their logs verify.
    ///
    /// Source: transparency-log specification, sections 8 and 9.
    package var publicFields: [String] {
        switch self {
        case .jobSubmitted: ["plan", "core", "quorum"]
        // Of a plan; then of a redaction, of a lineage's split, and of an override.
        case .approvalGiven:
            ["plan", "approval", "notAfter", "entry", "reason", "lineage", "statement"]
        case .approvalRefused, .approvalWithdrawn: ["plan", "approval", "notAfter"]
        case .jobStarting: ["plan", "code", "rootfs", "jail", "bpf", "run", "args", "data"]
        case .jobEnded: ["exit", "wall", "cpu", "memory"]
        // Old and new phase; the other two are the self-test's.
        case .jobPhaseChanged: ["old", "new", "number", "run"]
        // Of a program over blocks.
        case .datasetMounted, .datasetUnmounted: ["block"]
        case .budgetSpent: ["budget", "amount", "request"]
        case .keyReleased: ["plan", "start", "request", "hpkeKey", "kekId", "paid"]
        case .outputCollected: ["commitment"]
        case .outputChecked: ["verdict", "policy"]
        case .outputOverridden: ["statement", "asked"]
        case .outputReleased: ["logQuorum", "witnessed", "report", "bundle", "recipient", "approval"]
        case .reviewVoted: ["vote"]
        case .attestationIssued: ["reportId", "reportLeaf", "nonceDigest"]
        case .keyEnrolled: ["keyid", "spki"]
        case .keyRevoked: ["reason", "from", "spki"]
        case .nodeEnrolled: ["spki", "notAfter"]
        case .nodeDrained, .nodeResumed, .nodeRemoved: ["spki"]
        case .keyCreated: ["use", "spki"]
        case .keyRotated: ["use", "before", "keeper", "pcr14", "olderLedger"]
        case .keyDestroyed: ["entry"]
        case .logKeyRotated: ["before", "now", "from"]
        case .datasetRegistered: ["schema", "inputPolicy", "commitment"]
        case .lineageSplit: ["from", "lineage", "statement", "asked"]
        case .mockDataPublished: ["mock"]
        case .policyPublished: ["policy", "digest"]
        case .codeRegistered: ["narSha256"]
        case .codeRemoved, .imageRemoved: ["digest"]
        case .imageRegistered: ["image", "digest"]
        case .agreementSigned: ["layout"]
        case .redactionPerformed: ["entry", "reason", "asked"]
        case .exportMade: ["bodies"]
        case .logRead: ["from", "to"]
        case .checkpointPublished: ["size"]
        case .incidentOpened: ["log", "evidence"]
        case .hostMeasured: ["launcher", "kernel"]
        case .sandboxProfile: ["profile", "bpf"]
        case .clockStepped: ["direction"]
        case .timeSync: ["synchronised"]
        case .supervisorUpgrade, .configChanged: ["before"]
        case .backupMade: ["backup", "entries"]
        case .backupRestored: ["backup", "entries", "newest"]
        default: []
        }
    }
}

extension Event {
    /// The pseudonym under which a retried event is known; any kind may have it.
    package static let commonFields = [idempotencyKeyName]

    /// Refuses a public field that its kind does not have.
    ///
    /// - Throws: `log.schema`.
    package func checkFields() throws(GloveboxError) {
        guard !fields.isEmpty else { return }
        let known = kind.publicFields
        for (name, _) in fields where !known.contains(name) {
            throw GloveboxError(
                "log.schema",
                "\(kind.rawValue) has no public field \(Display.escape(name)); what is not listed goes into the private body"
            )
        }
    }
}
