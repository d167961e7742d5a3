internal import Dispatch
internal import Glibc
package import GloveboxCore
internal import GloveboxTransparency
internal import Synchronization

/// Many writers append to one log at once, as an operator's test of a disk and the handle of crash tests.
package final class SelftestRun: Sendable {
    /// What came out.
    package struct Result: Sendable {
        /// Nanoseconds from the first event to the last acknowledgement.
        package let duration: UInt64
        /// Nanoseconds of each append.
        package let appends: Latencies
        /// Nanoseconds for which the oldest signed entry had waited to be published, at most.
        package let lag: UInt64
    }

    private struct Progress: Sendable {
        var next: UInt64
        var appends = Latencies()
        var failure: GloveboxError?
    }

    /// Milliseconds from one look at the public checkpoint to the next.
    private static let lookEvery = 20
    /// Milliseconds after which a writer that the full log refused tries again.
    private static let retryAfter: UInt32 = 50

    private let log: LogWriter
    private let end: UInt64
    private let keys: String?
    private let acknowledge: (@Sendable (UInt64, Digest) -> Void)?
    private let progress: Mutex<Progress>

    /// Prepares a run.
    ///
    /// - Parameters:
    ///   - log: where to append.
    ///   - count: how many events.
    ///   - keys: what idempotency keys begin with; the events of two runs under one beginning are the same events, and
    ///     a writer that the full log refuses tries again. Nil gives no keys.
    ///   - acknowledge: told of each acknowledged event, its index and leaf hash.
    package init(
        _ log: LogWriter,
        count: UInt64,
        keys: String? = nil,
        acknowledge: (@Sendable (UInt64, Digest) -> Void)?
    ) {
        self.log = log
        self.keys = keys
        self.acknowledge = acknowledge
        let first = keys == nil ? log.size : 0
        end = first + count
        progress = Mutex(Progress(next: first))
    }

    /// Appends all events, and returns when the checkpoint over them is published.
    ///
    /// - Throws: what the writer throws.
    package func run(writers: Int) throws(GloveboxError) -> Result {
        let group = DispatchGroup()
        let start = LogClock.system.now().monotonic
        for writer in 0..<writers {
            DispatchQueue(label: "writer \(writer)").async(group: group) { self.write(as: writer) }
        }
        let lag = watch(group)
        let duration = LogClock.system.now().monotonic - start
        let (appends, failure) = progress.withLock { ($0.appends, $0.failure) }
        if let failure { throw failure }
        try log.publish()
        return Result(duration: duration, appends: appends, lag: lag)
    }

    private func write(as writer: Int) {
        do throws(GloveboxError) {
            while let number = take() {
                let event = event(number, writer)
                let start = LogClock.system.now().monotonic
                let index = try append(event)
                let duration = LogClock.system.now().monotonic - start
                progress.withLock { $0.appends.add(duration) }
                if let acknowledge { acknowledge(index, try log.leafHash(index)) }
            }
        } catch {
            progress.withLock { if $0.failure == nil { $0.failure = error } }
        }
    }

    private func event(_ number: UInt64, _ writer: Int) -> Event {
        Event(
            kind: .jobPhaseChanged,
            job: "job_selftest_\(writer)",
            actor: "writer-\(writer)",
            fields: [("number", .string(String(number))), ("run", .string(keys ?? "none"))],
            body: [("writer", .integer(Int64(writer))), ("text", "synthetic event of the self-test")],
            idempotencyKey: keys.map { "\($0)-\(number)" }
        )
    }

    private func append(_ event: Event) throws(GloveboxError) -> UInt64 {
        while true {
            do { return try log.append([event])[0] } catch {
                guard keys != nil, error.code == "log.full" else { throw error }
                usleep(1000 * Self.retryAfter)
            }
        }
    }

    private func take() -> UInt64? {
        progress.withLock { progress in
            guard progress.next < end, progress.failure == nil else { return nil }
            defer { progress.next += 1 }
            return progress.next
        }
    }

    /// Waits for the writers, looking now and then how far the public checkpoint is behind.
    private func watch(_ group: DispatchGroup) -> UInt64 {
        var seen: [(time: UInt64, size: UInt64)] = []
        var lag: UInt64 = 0
        while group.wait(timeout: .now() + .milliseconds(Self.lookEvery)) == .timedOut {
            let now = LogClock.system.now().monotonic
            let published = log.publishedSize
            seen.append((now, log.size))
            seen.removeAll { $0.size <= published }
            if let oldest = seen.first { lag = max(lag, now - oldest.time) }
        }
        return lag
    }
}
