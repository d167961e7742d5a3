internal import GloveboxCore

/// Whether a running supervisor gave a sign of life often enough.
struct HeartbeatTrail: Sendable {
    /// Greatest time between two heartbeats, in seconds.
    static let interval: Int64 = 60
    /// What a busy machine may be late, in seconds.
    static let grace: Int64 = 5

    private struct Beat {
        let index: UInt64
        let time: Instant
        let monotonic: UInt64
        let bootID: String

        init(_ event: PublicEvent) {
            index = event.index
            time = event.time
            monotonic = event.monotonic
            bootID = event.bootID
        }
    }

    private var last: Beat?
    private var newest: Beat?
    private var isStopped = false

    mutating func add(_ event: PublicEvent) -> [AuditFinding] {
        let beat = Beat(event)
        var found: [AuditFinding] = []
        switch event.kind {
        case .supervisorStop: isStopped = true
        case .supervisorStart where isStopped:
            isStopped = false
            last = beat
        case .checkpointPublished, .supervisorStart:
            if let last, let finding = Self.silence(from: last, to: beat) { found.append(finding) }
            last = beat
        default: if last == nil { last = beat }
        }
        // The time of a job's event may be rounded up.
        if event.job == nil { newest = beat }
        return found
    }

    func finish() -> [AuditFinding] {
        guard !isStopped, let last, let newest, last.index < newest.index else { return [] }
        return Self.silence(from: last, to: newest).map { [$0] } ?? []
    }

    private static func silence(from: Beat, to: Beat) -> AuditFinding? {
        // The wall clock can be stepped; within one run of the machine the other clock cannot.
        let isSameBoot = from.bootID.utf8.elementsEqual(to.bootID.utf8) && to.monotonic >= from.monotonic
        let seconds =
            isSameBoot
            ? Int64(clamping: (to.monotonic - from.monotonic) / 1_000_000_000) : to.time.seconds - from.time.seconds
        guard seconds > interval + grace else { return nil }
        return AuditFinding(
            "audit.heartbeat",
            at: to.index,
            "no heartbeat for \(seconds) s after entry \(from.index); a running supervisor writes one every \(interval) s"
        )
    }
}
