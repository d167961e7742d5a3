internal import GloveboxCore
internal import GloveboxPlan

/// The kernel's account of the workload, taken with the filter loaded and before exec.
package struct JailReadback: Sendable, Equatable {
    /// `Seccomp:`; 2 means a filter.
    package var seccomp = ""
    /// The value `NoNewPrivs:`.
    package var noNewPrivileges = ""
    /// The five capability sets by their names in `/proc/self/status`, hexadecimal.
    package var capabilities: [String: String] = [:]
    /// `/proc/self/mountinfo`, whole.
    package var mounts = ""
    /// `/proc/self/uid_map`, white space folded.
    package var uidMap = ""

    /// An account of nothing.
    package init() {}

    mutating func take(_ source: UInt8, _ text: String) {
        switch JailMessage.Source(rawValue: source) {
        case .mounts: mounts += text
        case .uidMap: uidMap = text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
        case .status:
            for line in text.split(separator: "\n") {
                let parts = line.split(separator: ":", maxSplits: 1)
                guard parts.count == 2 else { continue }
                let value = parts[1].split(whereSeparator: \.isWhitespace).joined(separator: " ")
                switch parts[0] {
                case "Seccomp": seccomp = value
                case "NoNewPrivs": noNewPrivileges = value
                case "CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb": capabilities[String(parts[0])] = value
                default: break
                }
            }
        case .groups, nil: break
        }
    }

    /// Compares with what every jail must show.
    ///
    /// - Throws: `jail.readback` naming the first thing that is not as planned.
    func check(hasProcesses: Bool) throws(GloveboxError) {
        guard hasProcesses else { return }  // a jail without /proc cannot read; its filter and plan are the same
        let wrong: String? =
            if seccomp != "2" { "Seccomp is '\(seccomp)', not 2" } else if noNewPrivileges != "1" {
                "NoNewPrivs is '\(noNewPrivileges)', not 1"
            } else if capabilities.count != 5 || capabilities.values.contains(where: { !$0.allSatisfy { $0 == "0" } }) {
                "a capability set is not empty"
            } else if mounts.isEmpty { "there is no mount table" } else { nil }
        if let wrong { throw GloveboxError("jail.readback", "the jail is not as planned: \(wrong)") }
    }
}
