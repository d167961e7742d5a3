package import GloveboxCore

/// Something a policy asks for that some code must do: `check.threshold`, `measure.count`, `channel.release_tick`.
package struct Capability: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// The key path or enumeration word it stands for.
    package let name: String

    /// Names a capability.
    package init(_ name: String) { self.name = name }

    package var description: String { name }

    package static func < (left: Self, right: Self) -> Bool { left.name < right.name }
}

extension Capability: ExpressibleByStringLiteral {
    package init(stringLiteral value: String) { self.init(value) }
}

extension OutputPolicy {
    /// Everything this policy asks code to do.
    package var required: Set<Capability> {
        var names = ["tier.\(tier.rawValue)", "spec_source.\(specSource.rawValue)"]
        names += outputs.map { "output.\($0.type.rawValue)" }
        names += (columns?.measures ?? []).map { "measure.\($0.rawValue)" }
        names += checks.ids.map { "check.\($0)" }
        if checks.membership?.unscored == .review { names.append("check.membership.unscored.review") }
        if let rounding { names.append("rounding.\(rounding.counts.mode.rawValue)") }
        if let suppression { names.append("suppression.\(suppression.mode.rawValue)") }
        let sections: [(String, Bool)] = [
            ("privacy_unit", privacy.unit != nil), ("queries", !privacy.queries.isEmpty),
            ("mechanism", privacy.mechanism != nil), ("budget", privacy.budget != nil),
            ("blocks", privacy.blocks != nil), ("result", privacy.result != nil), ("report", privacy.report != nil),
            ("sanitise", opaque.sanitise != nil), ("charts", opaque.charts != nil),
            ("opaque_fallback", opaque.fallback != nil), ("rounds", opaque.maxRounds != nil),
        ]
        names += sections.filter(\.1).map(\.0)
        names += ["capacity.max_bits_per_release", "capacity.max_bits_per_project"]
        names += ["exit_code", "logs", "release_tick", "pad", "max_runs_per_day"].map { "channel.\($0)" }
        names.append("decision.auto.\(decision.auto.rawValue)")
        names.append("decision.otherwise.\(decision.otherwise.rawValue)")
        return Set(names.map { Capability($0) })
    }

    /// What this policy asks for and the code does not do, in order.
    package func unenforced(by capabilities: Set<Capability>) -> [Capability] {
        required.subtracting(capabilities).sorted()
    }

    /// Refuses a policy of which some part would only be declared.
    ///
    /// - Throws: `policy.not-enforced`, naming every such part.
    package func requireEnforced(by capabilities: Set<Capability>) throws(GloveboxError) {
        let missing = unenforced(by: capabilities)
        guard missing.isEmpty else {
            throw GloveboxError(
                "policy.not-enforced",
                "policy \(document.name) asks for what this version does not do: "
                    + missing.map(\.name).joined(separator: ", ")
            )
        }
    }
}
