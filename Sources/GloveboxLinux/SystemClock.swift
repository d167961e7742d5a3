internal import CGloveboxLinux
internal import Glibc
package import GloveboxCore

/// The machine's clocks.
package enum SystemClock {
    /// The time of day.
    package static func now() -> Instant { Instant(milliseconds: Int64(clamping: milliseconds(CLOCK_REALTIME))) }

    /// Milliseconds since some moment, never going back.
    package static var monotonicMilliseconds: UInt64 { milliseconds(CLOCK_MONOTONIC) }

    /// Whether the kernel is told that the time of day follows a reference, as chrony, ntpd or systemd-timesyncd do.
    ///
    /// Source: adjtimex(2); modes 0 changes nothing, and TIME_ERROR is the state without synchronisation.
    package static var isSynchronised: Bool {
        unsafe withUnsafeTemporaryAllocation(byteCount: 512, alignment: 8) { timex in
            unsafe timex.initializeMemory(as: UInt8.self, repeating: 0)
            let state = Kernel.call(SYS_adjtimex, Int(bitPattern: timex.baseAddress))
            return state >= 0 && state != 5
        }
    }

    private static func milliseconds(_ clock: clockid_t) -> UInt64 {
        var time = timespec()
        unsafe clock_gettime(clock, &time)
        return UInt64(time.tv_sec) * 1000 + UInt64(time.tv_nsec) / 1_000_000
    }
}
