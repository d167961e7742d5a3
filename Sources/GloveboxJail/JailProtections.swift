package import GloveboxCore

/// Which protections are in force on this host, and which are weaker than the specification asks.
package struct JailProtections: Sendable, Equatable {
    /// Names of protections in force.
    package var inForce: [String] = []
    /// Names of those that are weaker or missing, each with the reason.
    package var weaker: [(name: String, reason: String)] = []

    /// None yet.
    package init() {}

    package static func == (left: Self, right: Self) -> Bool {
        left.inForce == right.inForce && left.weaker.elementsEqual(right.weaker) { $0 == $1 }
    }

    /// Channels between jails and to the host that this kernel does not let one close; every report says so.
    ///
    /// `contention`: time, caches and memory bus. `host-uptime`: a process reads by how much its clocks are set back.
    /// `inode-numbers`: the kernel numbers every pipe and socket from one counter, and a process reads the numbers of its own.
    /// `page-cache`: the first read of an image's page is slower than the next, also across jails.
    package static let openChannels = ["contention", "host-uptime", "inode-numbers", "page-cache"]

    /// Those that are open in this jail: one that reads its image through a cache of its own leaves no trace in another's.
    package var openChannels: [String] {
        Self.openChannels.filter { $0 != "page-cache" || !holds("private-page-cache") }
    }

    /// Those that full isolation asks for: every one that the machine decides on.
    ///
    /// `host-counters` is the jail profile's to give, and `private-page-cache` there for those who ask for it. Source: job
    /// backend specification, section 7.4.
    package static let full = [
        "capabilities-empty", "cgroup-namespace", "control-groups", "cpuset", "groups-empty", "ipc-namespace",
        "landlock",
        "mount-namespace", "network-namespace", "no-new-privileges", "own-inodes", "pid-namespace", "private-devices",
        "processor-time", "rlimits", "seccomp", "securebits", "time-namespace", "unique-ids", "user-namespace",
        "uts-namespace",
    ]

    /// Those of ``full`` that are weaker or missing; what only a jail that stands tells counts once one does.
    package func fallbacks(isBuilt: Bool) -> [String] { lacking(Self.full, isBuilt: isBuilt) }

    /// Those names that are not in force.
    package func lacking(_ names: [String], isBuilt: Bool) -> [String] {
        names.filter { !holds($0) && (isBuilt || $0 != Self.toldLast) }
    }

    mutating func note(_ name: String, _ holds: Bool, else reason: String) {
        if holds { inForce.append(name) } else { weaker.append((name, reason)) }
    }

    /// The protection that only the kernel's account of the live child tells; the others are known before.
    private static let toldLast = "own-inodes"

    /// Whether a protection is in force; `control-groups` is with any kind of them.
    package func holds(_ name: String) -> Bool {
        inForce.contains { $0 == name || name == "control-groups" && $0.hasPrefix("control-groups-") }
    }

    /// Compares with what is demanded; `isBuilt` tells that the jail stands.
    ///
    /// - Throws: `jail.protection` naming each that is not in force.
    package func require(_ names: [String], isBuilt: Bool) throws(GloveboxError) {
        let missing = lacking(names, isBuilt: isBuilt)
        guard !missing.isEmpty else { return }
        let reasons = missing.map { name in
            let reason = weaker.first { $0.name == name }?.reason ?? "no such protection is known"
            return "\(Display.escape(name)) (\(reason))"
        }
        throw GloveboxError(
            "jail.protection",
            "this host lacks what the policy demands: \(reasons.joined(separator: "; "))",
            hint: "`glovebox doctor` tells what to do on the host."
        )
    }

    /// The value `{"inForce": […], "weaker": [{"name": …, "reason": …}]}`.
    package var json: JSONValue {
        [
            "inForce": .array(inForce.map { .string($0) }),
            "weaker": .array(weaker.map { ["name": .string($0.name), "reason": .string($0.reason)] }),
        ]
    }
}
