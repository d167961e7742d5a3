package import GloveboxCore

/// What is the same in every event of one run of the supervisor.
package struct EventContext: Sendable {
    /// The log's name.
    package var origin: String
    /// The datasite's id.
    package var datasite: String
    /// The product's version, such as `0.1.0`.
    package var version: String
    /// The kernel's boot id.
    package var bootID: String
    /// The digest of the running supervisor.
    package var supervisor: Digest
    /// The digest of the configuration in force.
    package var config: Digest
    /// 32 secret bytes, the root of the keys behind pseudonyms.
    package let pseudonymKey: [UInt8]
    let pseudonyms: PseudonymBook

    /// Names the constants.
    package init(
        origin: String,
        datasite: String,
        version: String,
        bootID: String,
        supervisor: Digest,
        config: Digest,
        pseudonymKey: [UInt8]
    ) {
        self.origin = origin
        self.datasite = datasite
        self.version = version
        self.bootID = bootID
        self.supervisor = supervisor
        self.config = config
        self.pseudonymKey = pseudonymKey
        pseudonyms = PseudonymBook(root: pseudonymKey)
    }
}

/// Where and when an event is written.
package struct EventPlace: Sendable {
    /// The leaf index.
    package var index: UInt64
    /// The index of the previous event of the same job, if there is one.
    package var previousOfJob: UInt64?
    /// The wall clock.
    package var time: Instant
    /// The monotonic clock, in nanoseconds.
    package var monotonic: UInt64

    /// Names a place.
    package init(index: UInt64, previousOfJob: UInt64? = nil, time: Instant, monotonic: UInt64) {
        self.index = index
        self.previousOfJob = previousOfJob
        self.time = time
        self.monotonic = monotonic
    }
}
