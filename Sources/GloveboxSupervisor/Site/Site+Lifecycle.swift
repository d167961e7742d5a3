internal import Glibc
internal import GloveboxAttestation
package import GloveboxCore
internal import GloveboxJail
internal import GloveboxLinux
internal import GloveboxStore
internal import GloveboxTransparency

/// What the supervisor says of itself.
extension Site {
    /// Logs that this run begins, what it measured, and what is another than in the run before.
    ///
    /// - Throws: `log.unavailable`.
    package func begin() throws(GloveboxError) {
        let before = read { state in state.lastStart }
        let witnesses = settings.witnessing?.policy.witnesses.values.map(\.vkey).sorted() ?? []
        let now = SiteStart(supervisor: host.supervisor, config: configDigest, witnesses: witnesses)
        // A site whose signer does not open its keys does not start.
        _ = try isSignerSeparate()
        try noteRestoration()
        try noteRecovery()
        try record(Event(kind: .supervisorStart), now.json)
        try record(
            Event(
                kind: .hostMeasured,
                fields: [
                    ("launcher", .string(host.launcher.hex)),
                    ("kernel", .string(Machine.sha256(Array(host.kernel.version.utf8)).hex)),
                ],
                body: [("kernel", .string(host.kernel.version)), ("lsm", .string(host.kernel.lsm))]
            )
        )
        let filter = Machine.sha256(try ShippedProfiles.named(Self.profileName).compiled())
        let profile: [(String, JSONValue)] = [("profile", .string(Self.profileName)), ("bpf", .string(filter.hex))]
        try record(Event(kind: .sandboxProfile, fields: profile))
        if read({ state in state.lost.isEmpty }) {
            try finishRedactions()
            try settleGrants()
        } else {
            try repeatRedactions()
        }
        guard let before else { return try recordWitnesses(added: witnesses, removed: []) }
        if before.supervisor != now.supervisor {
            try record(Event(kind: .supervisorUpgrade, fields: [("before", .string(before.supervisor.hex))]))
        }
        if before.config != now.config {
            try record(Event(kind: .configChanged, fields: [("before", .string(before.config.hex))]))
        }
        try recordWitnesses(
            added: witnesses.filter { !before.witnesses.contains($0) },
            removed: before.witnesses.filter { !witnesses.contains($0) }
        )
    }

    /// What an operator should know of this site's processes; empty when there is nothing.
    ///
    /// - Throws: `signer.unavailable`.
    package func weaknesses() throws(GloveboxError) -> [String] {
        var found: [String] = []
        if try !isSignerSeparate() {
            found.append("the signer runs as the supervisor's own user; started as root, it has one of its own")
        }
        if !isBrokerSeparate {
            found.append("the key broker runs as the supervisor's own user; started as root, it has one of its own")
        }
        if isSecretOnDisk {
            found.append("the broker's secret lies in a file; 'glovebox keys seal' has the TPM keep it")
        }
        if let lost = read({ state in state.lost.refusal }) {
            found.append("\(lost.message); \(lost.hint ?? "")")
        }
        if witness.isRetired {
            found.append(
                "as a witness this site cosigns nothing: its records come from a backup; 'glovebox keys rotate witness'"
            )
        }
        return found
    }

    /// Removes uploads and trees in which a crash ended the work; before anything new comes in.
    ///
    /// - Throws: `storage.write`.
    func clearIncoming() throws(GloveboxError) {
        do throws(SyscallError) {
            let directory = try Descriptor.open(layout.incoming, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
            try directory.empty()
        } catch { throw error.coded("storage.write") }
    }

    /// Logs that this run ends as it should, and publishes that with all before it; the jails that wait for a job go.
    ///
    /// - Throws: `log.unavailable`.
    package func end() throws(GloveboxError) {
        jails.drain()
        try record(Event(kind: .supervisorStop))
        try log.publish()
    }

    private func recordWitnesses(added: [String], removed: [String]) throws(GloveboxError) {
        for key in added { try record(Event(kind: .witnessAdded, entity: key)) }
        for key in removed { try record(Event(kind: .witnessRemoved, entity: key)) }
    }

    /// Logs that an auditor looked, at most once in ten minutes for each.
    ///
    /// - Throws: `log.unavailable`; nothing is shown then.
    func noteAuditor(_ account: String, _ isAuditor: Bool) throws(GloveboxError) {
        guard isAuditor, alarms.mayRing("log.read \(account)", at: Machine.now()) else { return }
        try record(Event(kind: .logRead, actor: account))
    }

    /// Logs a login that was refused, at most once in ten minutes.
    func noteFailedLogin(_ error: GloveboxError) throws(GloveboxError) {
        guard alarms.mayRing("auth.failed", at: Machine.now()) else { return }
        try record(Event(kind: .authFailed, actor: "unknown", authMethod: "token", statusCode: error.code))
    }
}

/// What is compared between two runs of the supervisor.
struct SiteStart: Sendable {
    let supervisor: Digest
    let config: Digest
    /// Keys of the log's witnesses.
    let witnesses: [String]

    init(supervisor: Digest, config: Digest, witnesses: [String]) {
        self.supervisor = supervisor
        self.config = config
        self.witnesses = witnesses
    }

    init(json: JSONValue) throws(GloveboxError) {
        var fields = try JSONFields(json, at: "start")
        supervisor = try fields.digest("supervisor")
        config = try fields.digest("config")
        witnesses = try fields.array("witnesses").compactMap(\.string)
        try fields.finish()
    }

    var json: JSONValue {
        [
            "supervisor": supervisor.json, "config": config.json,
            "witnesses": .array(witnesses.map { .string($0) }),
        ]
    }
}
