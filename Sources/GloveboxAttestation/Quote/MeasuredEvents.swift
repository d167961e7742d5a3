package import GloveboxCore

/// What was measured into PCR 14, in order: `eventlog.json`.
///
/// Every start of the supervisor measures supervisor, launcher and configuration; on a TPM that was not reset in between,
/// earlier starts stand before the last.
package struct MeasuredEvents: Sendable {
    /// Glovebox's own PCR: not resettable from outside, used by no firmware.
    package static let pcr = 14

    /// What is measured.
    package enum Kind: String, Sendable, CaseIterable {
        case supervisor
        case launcher
        case configuration
    }

    /// One extension; the digest is the measured value itself.
    package struct Event: Sendable, Equatable, Wire {
        /// What it is.
        package let kind: Kind
        /// SHA-256 of it.
        package let digest: Digest

        /// Describes an event.
        package init(_ kind: Kind, _ digest: Digest) {
            self.kind = kind
            self.digest = digest
        }

        var json: JSONValue {
            ["pcr": .decimal(UInt64(pcr)), "type": .string(kind.rawValue), "digest": .string(digest.hex)]
        }

        init(reading fields: inout JSONFields) throws(GloveboxError) {
            try fields.constant("pcr", "\(pcr)", code: "tpm.event-log")
            kind = try fields.choice("type")
            digest = try fields.digestHex("digest")
        }
    }

    /// In the order of measurement.
    package var events: [Event]

    /// States events.
    package init(_ events: [Event]) { self.events = events }

    /// Reads `eventlog.json`.
    ///
    /// - Throws: codes of the strict reader, `tpm.event-log`.
    package init(parsing bytes: [UInt8]) throws(GloveboxError) {
        var fields = try JSONFields(.object(JSONObject([("events", JSONReader.readCanonical(bytes))])), at: "eventlog")
        try self.init(reading: &fields, "events")
    }

    init(reading fields: inout JSONFields, _ name: String) throws(GloveboxError) {
        events = try fields.list(name)
        guard events.count <= 3000 else { throw GloveboxError("tpm.event-log", "more than 3000 events") }
    }

    /// `eventlog.json`: a canonical list.
    package var bytes: [UInt8] { CanonicalJSON.encode(json) }

    var json: JSONValue { .list(events) }

    /// The value of PCR 14 after all of them, from zero.
    package var pcrValue: [UInt8] {
        events.reduce([UInt8](repeating: 0, count: 32)) { Hashing.sha256($0 + $1.digest.bytes).bytes }
    }

    /// Checks the last start: exactly these programs, and nothing measured after the configuration.
    ///
    /// - Throws: `tpm.event-log`.
    package func check(supervisor: Digest, launcher: Digest, reference: ReferenceValues) throws(GloveboxError) {
        let last = events.suffix(3)
        guard last.map(\.kind) == Kind.allCases else {
            throw GloveboxError("tpm.event-log", "the events do not end with supervisor, launcher, configuration")
        }
        guard last.first?.digest == supervisor, last.dropFirst().first?.digest == launcher else {
            throw GloveboxError("tpm.event-log", "supervisor or launcher in the report are not those measured last")
        }
        for event in events {
            let known =
                switch event.kind {
                case .supervisor: reference.supervisors.contains(event.digest)
                case .launcher: reference.launchers.contains(event.digest)
                case .configuration: reference.configurations.isEmpty || reference.configurations.contains(event.digest)
                }
            guard known else {
                throw GloveboxError("tpm.event-log", "an unknown \(event.kind.rawValue) was measured on this boot")
            }
        }
    }
}
