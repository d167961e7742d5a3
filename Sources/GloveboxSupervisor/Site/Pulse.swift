internal import GloveboxCore
internal import GloveboxLinux
internal import GloveboxStore
internal import GloveboxTransparency

/// Says often enough that the log is alive, when the wall clock was set, and whether it follows a reference.
///
/// Source: transparency-log specification, sections 8 and 10: a heartbeat at least every 60 s; a clock step stops
/// nothing.
struct Pulse: Sendable {
    /// Milliseconds between two heartbeats.
    private static let interval: UInt64 = 45_000
    /// Milliseconds by which the clocks may drift apart between two looks.
    private static let tolerance: Int64 = 1000

    private var lastBeat: UInt64?
    private var offset: Int64?
    private var wasSynchronised: Bool?

    /// What is to be logged now; `monotonic` is in milliseconds.
    mutating func look(wall: Instant, monotonic: UInt64, isSynchronised: Bool, size: UInt64) -> [Event] {
        var events: [Event] = []
        let offset = wall.milliseconds - Int64(clamping: monotonic)
        if let before = self.offset, abs(offset - before) >= Self.tolerance {
            let fields: [(String, JSONValue)] = [("direction", offset > before ? "forward" : "back")]
            events.append(
                Event(
                    kind: .clockStepped,
                    severity: .low,
                    fields: fields,
                    body: [("milliseconds", .integer(offset - before))]
                )
            )
        }
        self.offset = offset
        if isSynchronised != wasSynchronised {
            wasSynchronised = isSynchronised
            events.append(Event(kind: .timeSync, fields: [("synchronised", isSynchronised ? "yes" : "no")]))
        }
        if lastBeat.map({ monotonic - $0 >= Self.interval }) ?? true {
            lastBeat = monotonic
            events.append(Event(kind: .checkpointPublished, fields: [("size", .string(String(size)))]))
        }
        return events
    }
}

extension Site {
    /// Keeps the pulse until the task is cancelled, or until the log has stopped.
    package func pulse() async {
        let disk = Offload("pulse", isSerial: true)
        var pulse = Pulse()
        do {
            while true {
                let events = pulse.look(
                    wall: Machine.now(),
                    monotonic: SystemClock.monotonicMilliseconds,
                    isSynchronised: SystemClock.isSynchronised,
                    size: log.size
                )
                try await disk.run { [self] () throws(GloveboxError) in
                    for event in events { try record(event) }
                }
                try await Task.sleep(for: .seconds(1))
            }
        } catch {
            // Cancelled, or the log has stopped; who needs the log is told so by itself.
        }
    }
}
