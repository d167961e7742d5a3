internal import GloveboxAPI
internal import GloveboxLinux

/// What a server remembers between requests.
struct ServerTables: Sendable {
    /// What the operator decided.
    let settings: ServerSettings
    /// How much everyone asked.
    let limiter: RateLimiter
    /// Answers under idempotency keys.
    let answers: IdempotencyTable
    /// Cursors of lists.
    let cursors = CursorSeal()

    init(_ settings: ServerSettings) {
        let clock: @Sendable () -> Double = { Double(SystemClock.monotonicMilliseconds) / 1000 }
        self.settings = settings
        limiter = RateLimiter(settings.rates, clock: clock)
        answers = IdempotencyTable(clock: clock)
    }
}
