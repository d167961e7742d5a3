import GloveboxCore
import GloveboxTransparency

@testable import GloveboxAttestation

/// How the start statement and the key's release of a scenario are made; the default is what a site makes.
struct StartSpec {
    var leaf = LeafSpec()
    var editReport: (inout Report, Site) throws -> Void = { _, _ in }
    var editStatement: (inout JSONValue) -> Void = { _ in }
    /// What the statement asks the broker for.
    var request: Report.KeyRequest?
    var editKeyEvent: (inout JSONValue) -> Void = { _ in }
    var editPayment: (inout JSONValue) -> Void = { _ in }
    /// Where the log has the run's beginning: 0 or 2.
    var beganAt = 2
    var editStarting: (inout JSONValue) -> Void = { _ in }
    var editCharge: (inout JSONValue) -> Void = { _ in }

    init() { leaf.now = Scenario.start.adding(seconds: 1) }

    /// Signs the statement of a report to be.
    func sign(
        _ report: Report,
        site: Site,
        timestamps: Bool
    ) throws -> (envelope: Envelope, certificate: [UInt8]) {
        var planned = report
        planned.jail.readback = nil
        planned.quote = nil
        try editReport(&planned, site)
        var value = try JSONReader.read(planned.start(request))
        editStatement(&value)
        return (
            try leaf.key.sign(CanonicalJSON.encode(value)), try leaf.issue(site: site, timestamps: timestamps)
        )
    }

    /// The leaf of the event that released the key, entry 3.
    func keyReleased(_ report: Report, start: Digest) throws -> [UInt8] {
        let event = Event(
            kind: .keyReleased,
            job: report.jobID,
            dataset: "fair",
            fields: [
                ("plan", .string(report.manifestDigest.hex)), ("start", .string(start.hex)),
                ("request", .string(Self.request.hex)), ("paid", "1"),
            ]
        )
        return try Self.leaf(event, at: 3, editKeyEvent)
    }

    /// The leaf of the event that paid for it, entry 1.
    func paid(_ report: Report) throws -> [UInt8] {
        let event = Event(
            kind: .budgetSpent,
            job: report.jobID,
            dataset: "fair",
            fields: [("budget", "runs"), ("amount", "1"), ("request", .string(Self.request.hex))]
        )
        return try Self.leaf(event, at: 1, editPayment)
    }

    /// The leaf of the event that began the run.
    func starting(_ report: Report) throws -> [UInt8] {
        let event = Event(
            kind: .jobStarting,
            job: report.jobID,
            fields: [("plan", .string(report.manifestDigest.hex)), ("run", .string(String(report.run)))]
        )
        return try Self.leaf(event, at: UInt64(beganAt), after: 0, editStarting)
    }

    /// The leaf of the event that charged for an answer, entry 4; nil for a report without a charge.
    func charged(_ report: Report) throws -> [UInt8]? {
        guard let privacy = report.privacy, privacy.ledgerIndex != nil else { return nil }
        let event = Event(
            kind: .budgetSpent,
            job: report.jobID,
            dataset: "fair",
            fields: [("budget", "privacy"), ("amount", .string(privacy.rho))]
        )
        return try Self.leaf(event, at: 4, editCharge)
    }

    private static let request = Scenario.digest("request")

    private static func leaf(
        _ event: Event,
        at index: UInt64,
        after seconds: Int64 = 2,
        _ edit: (inout JSONValue) -> Void
    ) throws -> [UInt8] {
        var random = SystemRandomNumberGenerator()
        let place = EventPlace(index: index, time: Scenario.start.adding(seconds: seconds), monotonic: 1)
        var value = try JSONReader.read(event.leaf(at: place, context: Scenario.context, using: &random).leaf)
        edit(&value)
        return CanonicalJSON.encode(value)
    }
}
