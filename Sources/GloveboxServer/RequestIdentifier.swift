internal import GloveboxCore
internal import GloveboxLinux

/// Names of requests, for people to quote.
enum RequestIdentifier {
    /// A new one, `req_…`.
    static func make() -> String {
        var generator = SystemRandomNumberGenerator()
        let random = (0..<10).map { _ in UInt8.random(in: 0...255, using: &generator) }
        return Identifier.make("req", at: SystemClock.now(), random: random)
    }
}
