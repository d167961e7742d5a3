internal import GloveboxCore
internal import Synchronization

/// Lets the same alarm through once in a while, so that nobody outside can fill the log.
final class Alarms: Sendable {
    /// Seconds between two alarms of one name.
    private static let interval: Int64 = 600
    /// Names that are remembered; beyond that every name waits for the others.
    private static let maxNames = 1000

    private let last = Mutex<[String: Instant]>([:])

    /// Whether the alarm may sound now; counts as sounded if so.
    func mayRing(_ name: String, at now: Instant) -> Bool {
        last.withLock { last in
            if let before = last[name], before.adding(seconds: Self.interval) > now, before <= now { return false }
            last = last.filter { $0.value.adding(seconds: Self.interval) > now && $0.value <= now }
            guard last.count < Self.maxNames else { return false }
            last[name] = now
            return true
        }
    }
}
