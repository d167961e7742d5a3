internal import Dispatch
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

    /// Milliseconds from one look at the public checkpoint to the next.
    private static let lookEvery = 20
    /// After which a writer that the full log refused tries again.
    private static let retryAfter = Duration.milliseconds(50)

    private let log: LogWriter
    private let end: UInt64
    private let keys: String?
    private let acknowledge: (@Sendable (UInt64, Digest) -> Void)?
    // Apart, so that counting does not make the writers wait for each other.
    private let next: Atomic<UInt64>
    private let hasFailed = Atomic(false)
    private let failure = Mutex<GloveboxError?>(nil)
    private let appends = Mutex(Latencies())

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
        next = Atomic(first)
    }

    /// Appends all events, and returns when the checkpoint over them is published.
    ///
    /// - Throws: what the writer throws.
    package func run(writers: Int) throws(GloveboxError) -> Result {
        let group = DispatchGroup()
        let start = LogClock.system.now().monotonic
        for writer in 0..<writers {
            group.enter()
            Task.detached {
                await self.write(as: writer, alone: writers == 1)
                group.leave()
            }
        }
        let lag = watch(group)
        let duration = LogClock.system.now().monotonic - start
        if let failure = failure.withLock({ $0 }) { throw failure }
        try log.publish()
        return Result(duration: duration, appends: appends.withLock { $0 }, lag: lag)
    }

    /// Many writers are tasks, as only a task can wait without a thread; one alone blocks, as a site does.
    private func write(as writer: Int, alone: Bool) async {
        var own = Latencies()
        do throws(GloveboxError) {
            while let number = take() {
                let event = event(number, writer)
                let start = LogClock.system.now().monotonic
                let index = try await append(event, alone: alone)
                own.add(LogClock.system.now().monotonic - start)
                if let acknowledge { acknowledge(index, try log.leafHash(index)) }
            }
        } catch {
            failure.withLock { failure in if failure == nil { failure = error } }
            hasFailed.store(true, ordering: .relaxed)
        }
        appends.withLock { $0.add(own) }
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

    private func append(_ event: Event, alone: Bool) async throws(GloveboxError) -> UInt64 {
        while true {
            do { return try await alone ? log.append([event])[0] : log.enqueue([event])[0] } catch {
                guard keys != nil, error.code == "log.full" else { throw error }
                // A writer that is cancelled does not wait, and must not try on without a pause.
                guard (try? await Task.sleep(for: Self.retryAfter)) != nil else { throw error }
            }
        }
    }

    private func take() -> UInt64? {
        guard !hasFailed.load(ordering: .relaxed) else { return nil }
        let number = next.add(1, ordering: .relaxed).oldValue
        return number < end ? number : nil
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
