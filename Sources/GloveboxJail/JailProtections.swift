package import GloveboxCore

/// Which protections are in force on this host, and which are weaker than the specification asks.
package struct JailProtections: Sendable, Equatable {
    /// Names of protections in force.
    package var inForce: [String] = []
    /// Names of those that are weaker or missing, each with the reason.
    package var weaker: [(name: String, reason: String)] = []

    package static func == (left: Self, right: Self) -> Bool {
        left.inForce == right.inForce && left.weaker.elementsEqual(right.weaker) { $0 == $1 }
    }

    /// Channels between jails and to the host that this kernel does not let one close; every report says so.
    ///
    /// `contention`: time, caches and memory bus. `host-uptime`: a process reads by how much its clocks are set back.
    /// `page-cache`: the first read of an image's page is slower than the next, also across jails.
    package static let openChannels = ["contention", "host-uptime", "page-cache"]

    mutating func note(_ name: String, _ holds: Bool, else reason: String) {
        if holds { inForce.append(name) } else { weaker.append((name, reason)) }
    }

    /// The value `{"inForce": […], "weaker": [{"name": …, "reason": …}]}`.
    package var json: JSONValue {
        [
            "inForce": .array(inForce.map { .string($0) }),
            "weaker": .array(weaker.map { ["name": .string($0.name), "reason": .string($0.reason)] }),
        ]
    }
}
