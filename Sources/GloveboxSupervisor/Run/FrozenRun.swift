internal import GloveboxAPI
internal import GloveboxCore

/// What a run left when its last process was dead, with all that it takes to decide on it: a supervisor that dies over the
/// checks leaves the next one the same bytes to check, and nothing of the job runs again.
struct FrozenRun: Sendable {
    /// What there is to decide on.
    enum Left: Sendable {
        case files(OutputCollector.Outputs)
        case blocks([Block])
    }

    /// What a program said of one block of units.
    struct Block: Sendable {
        /// Its numbers, bounded and rounded as the policy has it.
        let coordinates: [Int64]
        /// Why it gave none, for the data's owner; empty when it did.
        let fault: String
    }

    /// The report of the run; what was decided is still to come.
    let draft: ReportDraft
    let left: Left
    /// What opens the run's data again, for the checks.
    let access: KeyAccess
    /// What decided which rows the job never saw; nil when it saw all.
    let holdoutSeed: Digest?

    init(draft: ReportDraft, left: Left, access: KeyAccess, holdoutSeed: Digest? = nil) {
        (self.draft, self.left, self.access, self.holdoutSeed) = (draft, left, access, holdoutSeed)
    }

    /// What the log's commitment is to.
    var bytes: [UInt8] {
        switch left {
        case .files(let outputs): outputs.files.reduce(into: []) { $0 += $1.bytes }
        case .blocks(let blocks):
            Array(blocks.map { $0.coordinates.map { String($0) }.joined(separator: " ") }.joined(separator: "\n").utf8)
        }
    }

    /// The files that stay inside, whatever is decided; what a program said of blocks is none.
    var files: [OutputCollector.File] { if case .files(let outputs) = left { outputs.files } else { [] } }

    /// Reads ``encoded()``.
    init(stored bytes: [UInt8]) throws(GloveboxError) {
        // As long as its files are; it is the site's own, and was compared with what the log names.
        var limits = JSONReader.Limits()
        limits.bytes = bytes.count
        var fields = try JSONFields(JSONReader.readCanonical(bytes, limits: limits), at: "frozen")
        draft = try ReportDraft(json: fields.required("draft"))
        access = try KeyAccess(json: fields.required("access"))
        holdoutSeed = fields.optional("holdoutSeed")?.string.flatMap(Digest.init(hex:))
        left = try Left(json: fields.required("left"))
        try fields.finish()
    }

    /// The kept form, canonical JSON, which is a secret.
    func encoded() throws(GloveboxError) -> [UInt8] {
        var json = JSONObject([("draft", try draft.json()), ("access", access.json), ("left", left.json)])
        json["holdoutSeed"] = holdoutSeed.map { .string($0.hex) }
        return CanonicalJSON.encode(.object(json))
    }
}

extension FrozenRun.Left {
    fileprivate init(json: JSONValue) throws(GloveboxError) {
        var fields = try JSONFields(json, at: "left")
        if let list = fields.optional("blocks")?.array {
            var blocks: [FrozenRun.Block] = []
            for json in list {
                var block = try JSONFields(json, at: "left.blocks")
                let numbers = try block.array("coordinates")
                // Larger than the numbers of JSON that everyone reads alike.
                let coordinates = numbers.compactMap { $0.string.flatMap { Int64($0) } }
                guard coordinates.count == numbers.count else {
                    throw GloveboxError("schema.type", "left.blocks.coordinates are integers")
                }
                blocks.append(FrozenRun.Block(coordinates: coordinates, fault: try block.string("fault")))
                try block.finish()
            }
            self = .blocks(blocks)
        } else {
            var outputs = OutputCollector.Outputs()
            for json in try fields.array("files") {
                var file = try JSONFields(json, at: "left.files")
                outputs.files.append(
                    OutputCollector.File(name: try file.string("name"), bytes: try file.base64("bytes"))
                )
                try file.finish()
            }
            outputs.faults = try fields.array("faults").compactMap(\.string)
            self = .files(outputs)
        }
        try fields.finish()
    }

    fileprivate var json: JSONValue {
        switch self {
        case .files(let outputs):
            [
                "files": .array(
                    outputs.files.map { ["name": .string($0.name), "bytes": .string(Base64.encode($0.bytes))] }
                ),
                "faults": .array(outputs.faults.map { .string($0) }),
            ]
        case .blocks(let blocks):
            [
                "blocks": .array(
                    blocks.map {
                        [
                            "coordinates": .array($0.coordinates.map { .string(String($0)) }),
                            "fault": .string($0.fault),
                        ]
                    }
                )
            ]
        }
    }
}
