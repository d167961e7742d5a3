/// How much one account or one source may ask.
///
/// Source: job-backend sections 4.2 and 4.4.
package struct RateLimits: Sendable, Hashable {
    /// A rate that may be exceeded for a moment.
    package struct Rate: Sendable, Hashable {
        /// Requests a second in the long run.
        package var perSecond: Int
        /// Requests at once after a pause.
        package var burst: Int

        /// A rate.
        package init(perSecond: Int, burst: Int) {
            self.perSecond = perSecond
            self.burst = burst
        }
    }

    /// Reads of one account.
    package var reads = Rate(perSecond: 50, burst: 200)
    /// Writes of one account.
    package var writes = Rate(perSecond: 10, burst: 40)
    /// Uploads of one account at the same time.
    package var uploads = 2
    /// Event streams of one account at the same time.
    package var streams = 8
    /// Bounded waits of one account at the same time; the next ones answer at once.
    package var waits = 8
    /// Bounded waits of all accounts at the same time.
    package var allWaits = 256
    /// Failed logins of one source in a minute.
    package var failedLogins = 5

    /// The defaults.
    package init() {}
}
