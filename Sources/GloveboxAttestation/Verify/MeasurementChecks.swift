internal import GloveboxCore

/// What ran is what was approved.
///
/// Source: attestation specification, section 4.2.
struct MeasurementChecks {
    let report: Report
    let manifest: Manifest

    /// Code digests of report, plan and file list agree.
    ///
    /// - Throws: `code.mismatch`.
    func code() throws(GloveboxError) {
        guard report.code.digests == manifest.core.code else {
            throw GloveboxError(
                "code.mismatch",
                "the code that ran is \(report.code.digests.nar), the plan names \(manifest.core.code.nar)"
            )
        }
        let list = manifest.core.files.listDigest
        guard report.code.files == list, manifest.core.code.dirHash == list, report.coreDigest == manifest.coreDigest
        else { throw GloveboxError("code.mismatch", "the file list does not belong to the code digests") }
    }

    /// Root filesystem is the approved image.
    ///
    /// - Throws: `rootfs.mismatch`.
    func rootfs() throws(GloveboxError) {
        guard report.rootfs.digest == manifest.core.image.digest else {
            throw GloveboxError("rootfs.mismatch", "the root filesystem is not the approved image")
        }
    }

    /// Commands and limits are the approved ones, and nothing left before the last command had run.
    ///
    /// - Throws: `invocation.mismatch`.
    func invocation() throws(GloveboxError) {
        guard let executor = manifest.core.executors.first else {
            throw GloveboxError("invocation.mismatch", "the plan has no command")
        }
        let approved = Report.Invocation(
            executor,
            further: Array(manifest.core.executors.dropFirst()),
            ran: report.invocation.ran,
            umask: report.invocation.umask,
            limits: manifest.core.limits
        )
        guard approved.json == report.invocation.json else {
            throw GloveboxError("invocation.mismatch", "command, environment or limits are not the approved ones")
        }
        let count = UInt64(manifest.core.executors.count)
        guard count > 1 else { return }
        let ran = report.invocation.ran ?? 0
        guard ran <= count, ran == count || report.outcome != .released else {
            throw GloveboxError("invocation.mismatch", "\(ran) of \(count) commands were executed")
        }
    }

    /// Every variable that changes what a program loads: `env.not-allowed`.
    var environment: [GloveboxError] {
        (report.invocation.env.pairs + report.invocation.further.flatMap(\.env.pairs)).filter {
            !Self.isHarmless($0.name, $0.text)
        }.map {
            GloveboxError("env.not-allowed", "the environment sets \($0.name), which changes what is loaded")
        }
    }

    private static func isHarmless(_ name: String, _ text: String) -> Bool {
        switch name {
        case "PYTHONHASHSEED", "PYTHONUNBUFFERED": true
        case "PYTHONPATH": text.isSame(as: ".")
        case "NODE_OPTIONS", "GCONV_PATH": false
        case "TZ": !text.utf8.contains(UInt8(ascii: "/"))
        default: !name.utf8.starts(with: "LD_".utf8) && !name.utf8.starts(with: "PYTHON".utf8)
        }
    }

    /// Data is the approved data.
    ///
    /// - Throws: `data.mismatch`.
    func data() throws(GloveboxError) {
        let approved = manifest.inputs.map(Self.identity)
        let read = report.inputs.map { input in
            Self.identity(name: input.name, version: input.version, kind: input.kind, commit: input.commit)
        }
        guard approved == read else {
            throw GloveboxError("data.mismatch", "the data that was read is not the approved data")
        }
    }

    /// Jail profile, filter and what the child read about itself: `jail.policy`, `jail.isolation`, `jail.deterministic`,
    /// `jail.bpf`, `jail.readback`.
    func jail(_ reference: ReferenceValues) -> [GloveboxError] {
        var causes: [GloveboxError] = []
        if report.jail.policy != manifest.core.profile.digest {
            causes.append(GloveboxError("jail.policy", "the jail profile is not the approved one"))
        }
        guard let readback = report.jail.readback else {
            // Only a run that was stopped before the job's code has nothing to read back, and no filter either.
            if ![.interrupted, .killed].contains(report.outcome) {
                causes.append(GloveboxError("jail.readback", "the jail was not read back before the job's code ran"))
            }
            return causes
        }
        let weaker = report.assurance.weaker.filter { !Manifest.Isolation.ofProfile.contains($0) }
        if manifest.core.isolation == .full, let first = weaker.first {
            let why = "the plan demands full isolation, and \(first) was weaker"
            causes.append(GloveboxError("jail.isolation", why))
        }
        if report.jail.deterministic?.fixed.json != manifest.core.deterministic?.json {
            causes.append(GloveboxError("jail.deterministic", "seed, clock or threads are not the approved ones"))
        }
        let filters = report.jail.seccompBPF.map(\.digest)
        let known = reference.seccompBPF
        if filters.isEmpty || !(known.isEmpty || filters.allSatisfy(known.contains)) {
            causes.append(GloveboxError("jail.bpf", "the seccomp filter is missing or not among the reference values"))
        }
        return causes
            + ReadbackChecks(readback: readback, limits: manifest.core.limits, weaker: report.assurance.weaker).causes
    }

    /// Every policy that is not the approved one or is too old: `policy.version`.
    func policies(_ floors: [PolicyFloor]) -> [GloveboxError] {
        let approved = manifest.policies
        let used = report.policies
        var causes: [GloveboxError] = []
        for (name, found, expected) in [
            ("input", used.input?.digest, approved.input), ("processing", used.processing?.digest, approved.processing),
            ("output", used.output.digest, approved.output),
        ] where found != expected {
            causes.append(GloveboxError("policy.version", "the \(name) policy in force is not the approved one"))
        }
        for policy in used.all {
            for floor in floors where floor.name.isSame(as: policy.name) && policy.version < floor.version {
                causes.append(
                    GloveboxError("policy.version", "policy \(policy.name) is older than version \(floor.version)")
                )
            }
        }
        return causes
    }

    /// Every policy whose signer is no owner that the trust policy lists: `key.wrong-role`.
    func policySigners(_ roles: [RoleKey]) -> [GloveboxError] {
        let owners = roles.filter { $0.role == .owner }.map(\.key.keyID)
        return report.policies.all.filter { policy in policy.signer.map { !owners.contains($0) } ?? false }.map {
            GloveboxError("key.wrong-role", "policy \($0.name) is signed by a key that is no owner's")
        }
    }

    /// The code is the one the reader expects.
    ///
    /// - Throws: `code.mismatch`.
    static func expected(_ code: ExpectedCode, _ report: Report) throws(GloveboxError) {
        let matches =
            switch code {
            case .measured(let digests): digests == report.code.digests
            case .nar(let digest): digest == report.code.digests.nar
            }
        guard matches else {
            throw GloveboxError(
                "code.mismatch",
                "the code that ran is \(report.code.digests.nar), not the expected code"
            )
        }
    }

    private static func identity(_ input: Manifest.Input) -> JSONValue {
        identity(name: input.name, version: input.version, kind: input.kind, commit: input.commit)
    }

    private static func identity(
        name: String,
        version: UInt64,
        kind: Manifest.Mode,
        commit: Commitment
    ) -> JSONValue {
        [
            "name": .string(name), "version": .decimal(version), "kind": .string(kind.rawValue), "commit": commit.json,
        ]
    }
}
