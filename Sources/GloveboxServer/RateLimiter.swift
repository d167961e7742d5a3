internal import GloveboxAPI
internal import GloveboxCore
internal import Synchronization

/// Counts what accounts and sources ask, and refuses what is too much.
final class RateLimiter: Sendable {
    /// What is counted as long as it lasts.
    enum Occupation: Hashable, Sendable {
        case upload
        case stream
        case wait
    }

    private struct Bucket {
        var tokens: Double
        var at: Double
    }

    private struct State {
        var buckets: [String: Bucket] = [:]
        var occupied: [Occupation: [String: Int]] = [:]
        var swept = 0.0
    }

    private let limits: RateLimits
    private let clock: @Sendable () -> Double
    private let state = Mutex(State())

    /// A limiter; `clock` tells seconds that never go back.
    init(_ limits: RateLimits, clock: @escaping @Sendable () -> Double) {
        self.limits = limits
        self.clock = clock
    }

    /// Counts a request of an account.
    ///
    /// - Throws: `rate.limited`.
    func take(_ account: String, isRead: Bool) throws(RateLimited) {
        let rate = isRead ? limits.reads : limits.writes
        try take(
            (isRead ? "r " : "w ") + account,
            perSecond: Double(rate.perSecond),
            burst: Double(rate.burst),
            needs: 1
        )
    }

    /// Refuses a source that failed to log in too often.
    ///
    /// - Throws: `rate.limited`.
    func checkLogins(from source: String) throws(RateLimited) {
        try login(source, needs: 0)
    }

    /// Counts a failed login.
    func noteFailedLogin(from source: String) {
        do throws(RateLimited) { try login(source, needs: 1) } catch {
            // It is refused from the next one on.
        }
    }

    private func login(_ source: String, needs: Double) throws(RateLimited) {
        let burst = Double(limits.failedLogins)
        try take("l " + source, perSecond: burst / 60, burst: burst, needs: needs)
    }

    /// Takes a place for something that lasts; false when there is none.
    func begin(_ occupation: Occupation, of account: String) -> Bool {
        state.withLock { state in
            let places: Int
            switch occupation {
            case .upload: places = limits.uploads
            case .stream: places = limits.streams
            case .wait:
                places = limits.waits
                let all = state.occupied[.wait]?.values.reduce(0, +) ?? 0
                guard all < limits.allWaits else { return false }
            }
            let taken = state.occupied[occupation]?[account] ?? 0
            guard taken < places else { return false }
            state.occupied[occupation, default: [:]][account] = taken + 1
            return true
        }
    }

    /// Gives the place back.
    func end(_ occupation: Occupation, of account: String) {
        state.withLock { state in
            let taken = state.occupied[occupation]?[account] ?? 0
            state.occupied[occupation]?[account] = taken > 1 ? taken - 1 : nil
        }
    }

    private func take(
        _ key: String,
        perSecond: Double,
        burst: Double,
        needs: Double
    ) throws(RateLimited) {
        let now = clock()
        let wait = state.withLock { state -> Double? in
            var bucket = state.buckets[key] ?? Bucket(tokens: burst, at: now)
            bucket.tokens = min(burst, bucket.tokens + max(0, now - bucket.at) * perSecond)
            bucket.at = now
            let isRefused = bucket.tokens < max(1, needs)
            if !isRefused { bucket.tokens -= needs }
            state.buckets[key] = bucket
            if now - state.swept > 60 {
                // Whoever has not asked for ten minutes is as good as new.
                state.swept = now
                state.buckets = state.buckets.filter { now - $0.value.at < 600 }
            }
            return isRefused ? (1 - bucket.tokens) / max(perSecond, 0.001) : nil
        }
        guard let wait else { return }
        throw RateLimited(seconds: max(1, Int(wait.rounded(.up))), limit: Int(burst))
    }
}

/// Too much was asked.
struct RateLimited: Error {
    /// When to come again.
    let seconds: Int
    /// How much may be asked at once.
    let limit: Int

    /// The error as callers see it.
    var error: GloveboxError {
        GloveboxError("rate.limited", "too many requests", hint: "Come again in \(seconds) s.")
    }
}
