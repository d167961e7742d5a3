internal import Crypto
internal import GloveboxAPI
internal import GloveboxCore
internal import Synchronization

/// Answers to requests that carried an `Idempotency-Key`, so that the same request sent twice is done once.
///
/// What makes a job is kept in the log as well, where a restart finds it; this table keeps the rest, and holds back the
/// second of two at the same time. Source: job-backend section 4.4.
final class IdempotencyTable: Sendable {
    /// What is to be done with a request.
    enum Turn: Sendable {
        /// Nobody has done it.
        case first
        /// It was done; this was the answer.
        case again(Answer)
    }

    private struct Entry {
        let body: GloveboxCore.Digest
        let at: Double
        var answer: Answer?
    }

    /// Seconds for which an answer is kept.
    private static let period: Double = 7 * 86400
    /// Most answers kept; the oldest go first.
    private static let most = 10_000

    private let entries = Mutex<[String: Entry]>([:])
    private let clock: @Sendable () -> Double

    init(clock: @escaping @Sendable () -> Double) { self.clock = clock }

    /// A caller's key for one route, in a form of fixed length, with the body it came with.
    static func name(_ key: String, of account: String, _ route: String, body: [UInt8]) -> Idempotency {
        let name = SHA256.hash(data: Array("\(account)\n\(route)\n\(key)".utf8))
        let digest = GloveboxCore.Digest(bytes: Array(SHA256.hash(data: body))) ?? .zero
        return Idempotency(name: Hex.encode(Array(name)), body: digest)
    }

    /// Takes a turn; ``finish(_:with:)`` must follow a first one.
    ///
    /// - Throws: `idempotency.running`, `idempotency.reused`.
    func begin(_ name: String, body digest: GloveboxCore.Digest) throws(GloveboxError) -> Turn {
        let now = clock()
        return try entries.withLock { (entries: inout [String: Entry]) throws(GloveboxError) -> Turn in
            if entries.count >= Self.most { Self.shrink(&entries, now) }
            guard let entry = entries[name], now - entry.at < Self.period else {
                entries[name] = Entry(body: digest, at: now)
                return .first
            }
            guard entry.body == digest else { throw Idempotency.reused }
            guard let answer = entry.answer else {
                throw GloveboxError(
                    "idempotency.running",
                    "a request with this Idempotency-Key is being answered",
                    hint: "Send it again in a moment."
                )
            }
            return .again(answer)
        }
    }

    /// Keeps the answer of a first turn; nil forgets the turn, so that a request that failed may be tried again.
    func finish(_ name: String, with answer: Answer?) {
        entries.withLock { entries in
            if let answer { entries[name]?.answer = answer } else { entries[name] = nil }
        }
    }

    private static func shrink(_ entries: inout [String: Entry], _ now: Double) {
        entries = entries.filter { now - $0.value.at < period }
        guard entries.count >= most else { return }
        let done = entries.filter { $0.value.answer != nil }.sorted { $0.value.at < $1.value.at }
        for (name, _) in done.prefix(most / 10) { entries[name] = nil }
    }
}
