package import GloveboxCore
internal import GloveboxJobs

/// `POST /log/exports`: an auditor takes a copy of the log with private bodies; the site logs that first.
package struct ExportRequest: APIValue {
    /// Only bodies of events of this job; nil for all.
    package let job: String?
    /// Whether bodies are asked for at all.
    package let withBodies: Bool

    /// Asks for an export.
    package init(job: String? = nil, withBodies: Bool = true) {
        self.job = job
        self.withBodies = withBodies
    }

    package init(json: JSONValue) throws(GloveboxError) {
        var fields = try JSONFields(json, at: "export")
        self.job = try fields.optionalString("job")
        self.withBodies = try fields.bool("bodies")
        try fields.finish()
    }

    package var json: JSONValue {
        var object = JSONObject([("bodies", .bool(withBodies))])
        object["job"] = job.map { .string($0) }
        return .object(object)
    }
}

/// Answer to `POST /log/exports`.
package struct ExportStart: APIValue {
    /// The log index of the event that tells of the export.
    package let index: UInt64
    /// Entries of the log with that event; bodies are given for these.
    package let size: UInt64

    /// Describes an export that has been logged.
    package init(index: UInt64, size: UInt64) {
        self.index = index
        self.size = size
    }

    package init(json: JSONValue) throws(GloveboxError) {
        var fields = try JSONFields(json, at: "export")
        self.index = try fields.decimal("index")
        self.size = try fields.decimal("size")
        try fields.finish()
    }

    package var json: JSONValue { ["index": .string(String(index)), "size": .string(String(size))] }
}

/// One item of `GET /log/entries`: a private body as an auditor may see it.
///
/// Its form is that of a line of `bodies.jsonl` in an export; who reads it checks it against the leaf.
package struct LogBody: APIValue {
    package let json: JSONValue

    package init(json: JSONValue) { self.json = json }
}
