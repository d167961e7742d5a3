internal import GloveboxCore

/// What the child read about itself: confined as planned, before the job's code ran.
///
/// Source: attestation specification, section 4.2.
struct ReadbackChecks {
    let readback: Report.Readback
    let limits: Manifest.Limits
    /// Protections that the report says the host lacks.
    let weaker: [String]

    /// Each thing that is not as it must be: `jail.readback`.
    var causes: [GloveboxError] {
        (words + capabilities + namespaces + group).map { GloveboxError("jail.readback", $0) }
    }

    private var words: [String] {
        [
            ("seccomp", readback.seccomp, "2"), ("no_new_privs", readback.noNewPrivs, "1"),
            ("capabilities", readback.capEff, "0"),
        ].filter { !$0.1.isSame(as: $0.2) }.map { "the job ran with \($0.0) \($0.1), not \($0.2)" }
    }

    private var capabilities: [String] {
        ["CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"].filter { name in
            guard let set = readback.capabilities?[name] else { return true }
            return set.isEmpty || !set.utf8.allSatisfy { $0 == UInt8(ascii: "0") }
        }.map { "the report does not show that the capability set \($0) was empty" }
    }

    // That none of them is the supervisor's, the supervisor has seen; numbers alone do not tell.
    private var namespaces: [String] {
        ["ipc", "mnt", "net", "pid", "user", "uts"].filter { name in
            guard let number = readback.namespaces?[name]?.utf8 else { return true }
            return number.isEmpty || !number.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
        }.map { "the report does not name the job's \($0) namespace" }
    }

    private var group: [String] {
        guard let group = readback.controlGroup else {
            return weaker.contains("control-groups") ? [] : ["the report shows no control group, and does not admit it"]
        }
        let memory = (group["memory.max"] ?? group["memory.limit_in_bytes"]).flatMap { UInt64($0) } ?? 0
        let processes = group["pids.max"].flatMap { UInt64($0) } ?? 0
        var causes: [String] = []
        if memory == 0 || memory > limits.memoryBytes { causes.append("the job's memory was not limited as planned") }
        // The jail's own first process is one of them.
        if processes == 0 || processes - 1 > limits.pids {
            causes.append("the job's processes were not limited as planned")
        }
        return causes
    }
}
