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
            fields: [("plan", .string(report.manifestDigest.hex)), ("start", .string(start.hex))]
        )
        var random = SystemRandomNumberGenerator()
        let place = EventPlace(index: 3, time: Scenario.start.adding(seconds: 2), monotonic: 1)
        var value = try JSONReader.read(event.leaf(at: place, context: Scenario.context, using: &random).leaf)
        editKeyEvent(&value)
        return CanonicalJSON.encode(value)
    }
}
