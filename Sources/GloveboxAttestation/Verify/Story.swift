internal import GloveboxCore
internal import GloveboxTransparency

/// The facts of a report in lines for people.
///
/// Text from researchers is escaped.
struct Story {
    let parts: VerifiedParts
    let approvers: [RoleKey]
    let logged: LoggedAt?
    let stamped: Instant?
    let input: VerifyInput

    /// One line a fact: code, data, jail, policy, result, log, assurance.
    var lines: [String] {
        guard let report = parts.report else { return ["report     cannot be read"] }
        return [
            code(report), approved(report), data(report), jail(report),
        ] + node(report) + [policy(report), outcome(report)] + results(report)
            + [log, freshness(report), assurance(report)]
    }

    private func line(_ head: String, _ text: String) -> String {
        head + String(repeating: " ", count: max(1, 11 - head.utf8.count)) + text
    }

    private func code(_ report: Report) -> String {
        let files = parts.manifest?.core.files.map(\.path) ?? []
        let names = files.first.map { Display.escape($0) } ?? "no files"
        let more = files.count > 1 ? " (+\(files.count - 1) files)" : ""
        return line("code", "nar-\(report.code.digests.nar)  \(names)\(more)")
    }

    private func approved(_ report: Report) -> String {
        let who = approvers.map { Display.escape($0.account) }.joined(separator: ", ")
        return line(
            "approved",
            "\(approvers.count) of \(report.approvalQuorum.need) needed" + (who.isEmpty ? "" : ": \(who)")
        )
    }

    private func data(_ report: Report) -> String {
        let inputs = report.inputs.map { input in
            let kind = input.commit.algorithm == .salted ? "commitment" : "digest"
            return
                "\(Display.escape(input.name)) v\(input.version), \(input.kind.rawValue), \(kind) \(short(input.commit.value))"
        }
        return line("data", inputs.isEmpty ? "none" : inputs.joined(separator: "; "))
    }

    private func jail(_ report: Report) -> String {
        let name = Display.escape(parts.manifest?.core.profile.name ?? "unknown")
        let filter = report.jail.seccompBPF.first.map { "seccomp \(short($0.digest))" } ?? "no seccomp"
        let powers = report.jail.readback.map { "capabilities \(Display.escape($0.capEff))" } ?? "never entered"
        let fixed = report.jail.deterministic.map { ", deterministic with seed \($0.fixed.seed)" } ?? ""
        return line("jail", "profile \(name), \(powers), \(filter)\(fixed)")
    }

    private func node(_ report: Report) -> [String] {
        report.node.map { [line("node", "\(Display.escape($0)) ran the jails; by its own word and the site's alone")] }
            ?? []
    }

    private func policy(_ report: Report) -> String {
        let rules = Set(report.outputs.released.flatMap(\.rules)).count
        let output = report.policies.output
        return line("policy", "\(Display.escape(output.name)) v\(output.version), \(rules) rules passed")
    }

    private func outcome(_ report: Report) -> String {
        let released = report.outputs.released.count
        return line(
            "outcome",
            "\(report.outcome.rawValue): \(released) released, \(report.outputs.withheld.count) withheld"
        )
    }

    private func results(_ report: Report) -> [String] {
        report.outputs.released.map { file in
            let held = input.results.first { $0.name.isSame(as: file.name) }
            let word =
                switch held {
                case nil: "not given"
                case let held? where held.digest == file.digest: "matches the file here"
                default: "DIFFERS from the file here"
                }
            return line("result", "\(Display.escape(file.name))  \(short(file.digest))  \(word)")
        }
    }

    private var log: String {
        guard let logged else { return line("log", "not shown to be in the log") }
        let witnesses = parts.trust?.witnessing.quorum == nil ? "no witnesses asked for" : "witness quorum met"
        let stamp = stamped.map { "; time-stamped \($0.text)" } ?? ""
        return line("log", "entry \(logged.index) of \(logged.size) at \(logged.time.text), \(witnesses)\(stamp)")
    }

    private func freshness(_ report: Report) -> String {
        line("nonce", input.options.nonce == nil ? "no caller nonce" : "the caller's nonce")
    }

    private func assurance(_ report: Report) -> String {
        let assurance = report.assurance
        let accepted = input.options.acceptEmulated ? " (accepted)" : ""
        let weaker = assurance.weaker.isEmpty ? "" : "; weaker: " + escaped(assurance.weaker)
        let insecure = assurance.insecure.isEmpty ? "" : "; INSECURE: " + escaped(assurance.insecure)
        let root = assurance.rootOfTrust.rawValue + accepted
        let unjudged = !report.attester.mapped.isEmpty && parts.trust?.policy.reference.mapped.isEmpty ?? true
        let libraries = unjudged ? "; shared libraries of the supervisor not judged" : ""
        let accept = parts.trust?.policy.accept ?? []
        let site = accept.isEmpty ? "" : "; the site accepts, which counts for nothing here: " + escaped(accept)
        return line(
            "assurance",
            "\(root); not proven: \(escaped(assurance.notProven))\(weaker)\(insecure)\(libraries)\(site)"
        )
    }

    private func escaped(_ texts: [String]) -> String { texts.map(Display.escape).joined(separator: ", ") }

    private func short(_ digest: Digest) -> String { "sha256:\(digest.hex.prefix(12))…" }
}
