package import GloveboxCore

/// How much a project may use; nil is as much as site and policies allow.
///
/// Processor time counts as the plan declares it: what a run really took would tell of its data.
///
/// Source: job-backend section 9.
package struct ProjectQuota: Sendable, Hashable {
    /// Jobs that may ever run.
    package var runs: Int64?
    /// Bytes that may ever be released.
    package var releasedBytes: Int64?
    /// What answers with noise may ever cost, as zero-concentrated differential privacy in decimal.
    package var rho: String?
    /// Seconds of processor time that may start within 24 hours.
    package var cpuSecondsPerDay: Int64?
    /// Jobs that may run side by side.
    package var concurrent: Int64?
    /// Jobs that may wait to run.
    package var queued: Int64?

    /// A quota without limits.
    package init() {}

    /// Checks that each limit is a limit; what ``rho`` is the ledger says.
    ///
    /// - Throws: `request.invalid`.
    func check() throws(GloveboxError) {
        for limit in [runs, releasedBytes, cpuSecondsPerDay, concurrent, queued] {
            guard let limit, !(0...1 << 53).contains(limit) else { continue }
            throw GloveboxError("request.invalid", "a quota is a number from 0 to 2^53")
        }
    }
}

/// What a project has used.
package struct ProjectUsage: Sendable, Hashable {
    private static let hour: Int64 = 3_600_000
    private static let day = 24

    /// Jobs that ran.
    package private(set) var runs: Int64
    /// Bytes that were released, or are fixed to be.
    package private(set) var releasedBytes: Int64
    /// Declared seconds of processor time by the hour in which their run began, counted from the epoch.
    private var hours: [Int64: Int64]

    /// What was used before.
    package init(runs: Int64 = 0, releasedBytes: Int64 = 0, hours: [Int64: Int64] = [:]) {
        (self.runs, self.releasedBytes, self.hours) = (runs, releasedBytes, hours)
    }

    /// The hour of a moment.
    package static func hour(of time: Instant) -> Int64 { time.milliseconds / hour }

    /// Counts a job that runs for the first time; a second run after a fault of the site costs nothing.
    package mutating func start(cpuSeconds: Int64, at now: Instant) {
        let hour = Self.hour(of: now)
        hours = hours.filter { $0.key > hour - Int64(Self.day) }
        hours[hour, default: 0] += cpuSeconds
        runs += 1
    }

    /// Counts what is released.
    package mutating func release(bytes: Int64) { releasedBytes += bytes }

    /// Declared seconds of processor time that began in this hour and the 23 before.
    package func cpuSeconds(at now: Instant) -> Int64 {
        let hour = Self.hour(of: now)
        return hours.filter { $0.key > hour - Int64(Self.day) }.values.reduce(0, +)
    }

    /// When the seconds that begin now fit below a limit for a day, if nothing else begins; nil for never.
    package func moment(for seconds: Int64, within limit: Int64, at now: Instant) -> Instant? {
        guard seconds <= limit else { return nil }
        let hour = Self.hour(of: now)
        for later in 0...Int64(Self.day) {
            let moment = Instant(milliseconds: (hour + later) * Self.hour)
            if cpuSeconds(at: moment) + seconds <= limit { return max(moment, now) }
        }
        return nil
    }
}
