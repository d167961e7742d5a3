internal import Glibc
internal import GloveboxCore

/// Names of requests, for people to quote.
enum RequestIdentifier {
    /// A new one, `req_…`.
    static func make() -> String {
        var time = timespec()
        unsafe clock_gettime(CLOCK_REALTIME, &time)
        let now = Instant(milliseconds: Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000)
        var generator = SystemRandomNumberGenerator()
        let random = (0..<10).map { _ in UInt8.random(in: 0...255, using: &generator) }
        return Identifier.make("req", at: now, random: random)
    }
}
