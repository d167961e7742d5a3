package import GloveboxCore

/// What an export says it holds: `export.json`.
///
/// Nothing vouches for it; it only says which private bodies should be there, so that a missing one is noticed.
package struct ExportManifest: Sendable {
    /// Name of the file, below the log's prefix.
    package static let name = "export.json"
    private static let format = "glovebox-export/1"

    /// Whose private bodies it holds.
    package enum Bodies: Sendable, Hashable {
        case none
        case all
        case job(String)
    }

    /// The log.
    package let origin: String
    /// Private bodies are given for entries before this one.
    package let size: UInt64
    /// Whose.
    package let bodies: Bodies
    /// Names of fields that were kept back when it was made, beside those that the site shows no one.
    package let withheld: [String]

    /// Describes an export.
    package init(origin: String, size: UInt64, bodies: Bodies, withheld: [String]) {
        self.origin = origin
        self.size = size
        self.bodies = bodies
        self.withheld = withheld
    }

    /// Whether the export should show the event's private body.
    package func promisesBody(of event: PublicEvent) -> Bool {
        guard event.index < size else { return false }
        switch bodies {
        case .none: return false
        case .all: return true
        case .job(let job): return event.job?.utf8.elementsEqual(job.utf8) ?? false
        }
    }

    /// The file.
    package var bytes: [UInt8] {
        var object = JSONObject([
            ("format", .string(Self.format)), ("origin", .string(origin)), ("size", .string(String(size))),
            ("withheld", .array(withheld.map(JSONValue.string))),
        ])
        switch bodies {
        case .none: object["bodies"] = "none"
        case .all: object["bodies"] = "all"
        case .job(let job):
            object["bodies"] = "job"
            object["job"] = .string(job)
        }
        return CanonicalJSON.encode(.object(object)) + [UInt8(ascii: "\n")]
    }

    /// Reads the file.
    ///
    /// - Throws: `audit.export-format`.
    package init(parsing bytes: [UInt8]) throws(GloveboxError) {
        let refused = GloveboxError("audit.export-format", "\(Self.name) has another form")
        let json: JSONValue
        do { json = try JSONReader.read(bytes) } catch { throw refused }
        guard json["format"]?.string == Self.format, let origin = json["origin"]?.string,
            let size = json["size"]?.string.flatMap({ Decimal.read($0.utf8) }), let names = json["withheld"]?.array
        else { throw refused }
        switch (json["bodies"]?.string, json["job"]?.string) {
        case ("none", nil): self.bodies = .none
        case ("all", nil): self.bodies = .all
        case ("job", let job?): self.bodies = .job(job)
        default: throw refused
        }
        self.origin = origin
        self.size = size
        self.withheld = names.compactMap(\.string)
        guard withheld.count == names.count, self.bytes == bytes else { throw refused }
    }
}
