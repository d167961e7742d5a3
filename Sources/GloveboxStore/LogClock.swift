internal import Glibc
package import GloveboxCore

/// The clocks an event is stamped with.
package struct LogClock: Sendable {
    /// The wall clock and the monotonic clock in nanoseconds.
    package let now: @Sendable () -> (wall: Instant, monotonic: UInt64)

    /// Takes the time from elsewhere.
    package init(now: @escaping @Sendable () -> (wall: Instant, monotonic: UInt64)) { self.now = now }

    /// The clocks of this host.
    package static let system = LogClock {
        let wall = read(CLOCK_REALTIME)
        let monotonic = read(CLOCK_MONOTONIC)
        return (
            Instant(milliseconds: Int64(wall.tv_sec) * 1000 + Int64(wall.tv_nsec) / 1_000_000),
            UInt64(monotonic.tv_sec) * 1_000_000_000 + UInt64(monotonic.tv_nsec)
        )
    }

    private static func read(_ clock: clockid_t) -> timespec {
        var time = timespec()
        let result = unsafe clock_gettime(clock, &time)
        precondition(result == 0, "the kernel has these clocks")
        return time
    }
}
