internal import GloveboxAttestation
internal import GloveboxCore
internal import GloveboxJail
internal import GloveboxJobs
internal import GloveboxPolicy

/// Claims of a report, each from what is known of the job and its run.
extension ReportMaker {
    /// What may be told of what the run used; how many calls a program had refused is told where it read nothing private.
    static func usage(_ plan: Manifest, _ facts: RunFacts?, exit: String?) -> Report.Usage {
        var usage = facts?.usage?.report(mode: plan.mode, exit: exit) ?? Report.Usage(exitCode: exit)
        if !plan.readsPrivateData { usage.deniedSyscalls = facts?.refusedCalls.map { String($0) } }
        return usage
    }

    static func readback(_ readback: JailReadback) -> Report.Readback {
        let effective = readback.capabilities["CapEff"] ?? ""
        return Report.Readback(
            seccomp: readback.seccomp,
            noNewPrivs: readback.noNewPrivileges,
            capEff: !effective.isEmpty && effective.allSatisfy { $0 == "0" } ? "0" : effective,
            capabilities: TextMap(readback.capabilities.map { ($0.key, $0.value) }),
            mountinfo: Machine.sha256(Array(readback.mounts.utf8)),
            uidMap: readback.uidMap,
            landlockABI: readback.landlock,
            namespaces: readback.namespaces.isEmpty ? nil : TextMap(readback.namespaces.map { ($0.key, $0.value) }),
            controlGroup: readback.controlGroup.map { TextMap($0.map { ($0.key, $0.value) }) }
        )
    }

    func outcome(_ entry: JobEntry, readBack: Bool) throws(GloveboxError) -> Report.Outcome {
        if entry.job.phase == .releasing { return .released }
        if entry.isCalledRefused(readBack: readBack) { return .refused }
        guard let outcome = entry.job.outcome, let word = Report.Outcome(rawValue: outcome.rawValue) else {
            throw GloveboxError("internal", "job \(entry.job.id) has no outcome to report")
        }
        return word
    }

    func inputs(_ entry: JobEntry, _ facts: RunFacts?) throws(GloveboxError) -> [Report.Input] {
        var inputs: [Report.Input] = []
        for input in entry.manifest.inputs {
            let dataset = try site.dataset(named: input.name)
            inputs.append(
                Report.Input(
                    input,
                    schema: dataset.description.document.digest,
                    rowBucket: dataset.rowBucket,
                    view: facts?.views[input.name]
                )
            )
        }
        return inputs
    }

    /// The policies; `signer` is the owner whose link of the workflow lists them, where there is one.
    func policies(_ entry: JobEntry, signer: String?) throws(GloveboxError) -> Report.Policies {
        guard let processing = site.read({ state in state.processingPolicy?.document }) else {
            throw GloveboxError("policy.unknown", "a policy of the plan is no longer known")
        }
        return Report.Policies(
            input: entry.rules.inputChain.map { Self.policy($0, signer) },
            processing: Report.Policy(
                name: processing.name,
                version: UInt64(processing.version),
                digest: processing.digest,
                signer: signer
            ),
            output: Self.policy(entry.rules.outputChain, signer),
            trustVersion: try site.trustVersion()
        )
    }

    private static func policy(_ chain: PolicyChain, _ signer: String?) -> Report.Policy {
        let sources = chain.layers.map {
            Report.PolicySource(
                level: $0.level.rawValue,
                name: $0.name,
                version: UInt64(clamping: $0.version),
                digest: $0.digest
            )
        }
        return Report.Policy(
            name: chain.document.name,
            version: UInt64(chain.document.version),
            digest: chain.document.digest,
            signer: signer,
            sources: sources.count > 1 ? sources : []
        )
    }
}
