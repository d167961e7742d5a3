internal import GloveboxLinux

/// Watches the processor time of a jail: all its processes, alive or dead, as its control group counts it.
struct ProcessorClock {
    private let group: ControlGroup
    /// What was used before the program started.
    private let before: UInt64
    /// The limit in microseconds; nil means none.
    private let limit: UInt64?
    /// How many processors can use it up at once.
    private let processors: UInt64
    /// When to look again, in milliseconds on the monotonic clock.
    private var next: UInt64 = 0
    /// Whether the limit was reached while the program ran.
    private(set) var hasRunOut = false

    /// Starts with the program; nil where the kernel does not count.
    init?(_ group: ControlGroup, _ limits: JailLimits) {
        guard let before = group.processorMicroseconds else { return nil }
        (self.group, self.before) = (group, before)
        limit = limits.cpuSeconds > 0 ? Self.microseconds(limits) : nil
        processors = max(1, limits.milliCPUs / 1000 + (limits.milliCPUs.isMultiple(of: 1000) ? 0 : 1))
    }

    /// The limit in microseconds.
    static func microseconds(_ limits: JailLimits) -> UInt64 {
        let (product, overflow) = limits.cpuSeconds.multipliedReportingOverflow(by: 1_000_000)
        return overflow ? .max : product
    }

    /// What the jail has used so far, in microseconds; nil when the kernel does not say.
    var used: UInt64? { group.processorMicroseconds.map { $0 - min($0, before) } }

    /// Milliseconds in which the rest of the time cannot be used up; nil without a limit, or when it is.
    mutating func pause() -> Int32? {
        guard let limit, !hasRunOut else { return nil }
        let now = SystemClock.monotonicMilliseconds
        if now >= next {
            let used = used ?? 0
            if used >= limit {
                hasRunOut = true
                return nil
            }
            next = now + min(max(Self.shortest, (limit - used) / 1000 / processors), 86_400_000)
        }
        return Int32(clamping: next - now)
    }

    /// So much a jail may exceed its limit on each processor, in milliseconds.
    private static let shortest: UInt64 = 10
}
