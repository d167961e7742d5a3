internal import GloveboxAPI
internal import GloveboxCore
internal import GloveboxStore
internal import GloveboxTransparency

extension Site {
    /// Private fields that no one is shown: what logs someone in, and wrapped keys of data.
    private static let secretFields: Set<String> = ["token", "wrappedKey", "wrappedLineageKey"]
    /// Greatest number of bodies in one answer.
    private static let pageEntries = 128
    /// Length of an answer after which no further body is added, in bytes.
    private static let pageBytes = 1 << 20

    /// Logs that an auditor takes a copy.
    func startExport(_ caller: Caller, _ request: ExportRequest) throws(GloveboxError) -> ExportStart {
        if let job = request.job { _ = try visible(job, to: caller) }
        let index = try record(
            Event(
                kind: .exportMade,
                job: request.job,
                actor: caller.account,
                fields: [("bodies", .string(request.withBodies ? "yes" : "no"))]
            )
        )
        return ExportStart(index: index, size: index + 1)
    }

    /// Private bodies from an index on, a page at a time; each page is logged before it leaves.
    func bodies(_ caller: Caller, from start: UInt64) throws(GloveboxError) -> ItemList<LogBody> {
        let size = log.size
        guard start < size else {
            throw GloveboxError("request.invalid", "the log has \(size) entries; there is none at \(start)")
        }
        var items: [LogBody] = []
        var bytes = 0
        var index = start
        while index < size, items.count < Self.pageEntries, bytes < Self.pageBytes {
            if let body = try log.entry(index).body {
                let shown = BodyDisclosure(body, of: index, withholding: Self.secretFields).json
                bytes += CanonicalJSON.encode(shown).count
                items.append(LogBody(json: shown))
            }
            index += 1
        }
        try record(
            Event(
                kind: .logRead,
                actor: caller.account,
                fields: [("from", .string(String(start))), ("to", .string(String(index)))]
            )
        )
        return ItemList(items, next: index < size ? String(index) : nil)
    }
}
