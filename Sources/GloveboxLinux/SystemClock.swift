internal import Glibc
package import GloveboxCore

/// The machine's clocks.
package enum SystemClock {
    /// The time of day.
    package static func now() -> Instant { Instant(milliseconds: Int64(clamping: milliseconds(CLOCK_REALTIME))) }

    /// Milliseconds since some moment, never going back.
    package static var monotonicMilliseconds: UInt64 { milliseconds(CLOCK_MONOTONIC) }

    private static func milliseconds(_ clock: clockid_t) -> UInt64 {
        var time = timespec()
        unsafe clock_gettime(clock, &time)
        return UInt64(time.tv_sec) * 1000 + UInt64(time.tv_nsec) / 1_000_000
    }
}
