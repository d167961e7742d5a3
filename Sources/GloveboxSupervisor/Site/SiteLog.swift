internal import GloveboxAttestation
internal import GloveboxCore
internal import GloveboxStore
internal import GloveboxTransparency

/// The site's use of the log: how records stand in the private bodies of events.
enum SiteLog {
    /// Version of the program, as events and reports carry it.
    static let version = "0.1.0"

    static func create(
        _ layout: SiteLayout,
        _ configuration: SiteConfiguration,
        _ keys: SiteKeyring,
        _ host: HostFacts
    ) throws(GloveboxError) {
        try LogWriter.create(in: layout.root, signer: keys.log)
        let log = try open(layout, configuration, keys, host, Machine.sha256(configuration.bytes))
        let made = [("log", keys.log.key.vkey), ("witness", keys.witness.key.vkey)].map { use, key in
            Event(kind: .keyCreated, entity: key, fields: [("use", .string(use))])
        }
        _ = try log.append([Event(kind: .logCreated)] + made)
        log.close()
    }

    static func open(
        _ layout: SiteLayout,
        _ configuration: SiteConfiguration,
        _ keys: SiteKeyring,
        _ host: HostFacts,
        _ config: Digest,
        signLock: String? = nil
    ) throws(GloveboxError) -> LogWriter {
        try LogWriter(
            opening: LogLayout(state: layout.root, signLock: signLock),
            signer: keys.log,
            bodyKey: keys.bodies,
            context: EventContext(
                origin: configuration.origin,
                datasite: configuration.name,
                version: version,
                bootID: host.kernel.bootID,
                supervisor: host.supervisor,
                config: config,
                pseudonymKey: keys.pseudonyms
            )
        )
    }

    /// Appends one event; the record as the journal now tells it.
    static func append(_ event: Event, _ json: JSONValue, to log: LogWriter) throws(GloveboxError) -> SiteRecord {
        guard let record = try append([(event, json)], to: log).first else { throw missing }
        return record
    }

    /// Appends events in one record of the journal, all or none; what it now tells of each.
    static func append(
        _ events: [(event: Event, json: JSONValue)],
        to log: LogWriter
    ) throws(GloveboxError) -> [SiteRecord] {
        let indexes = try log.append(events.map { with($0.json, $0.event) })
        guard indexes.count == events.count else { throw missing }
        return try indexes.map { (index) throws(GloveboxError) in try record(log.entry(index)) }
    }

    /// Appends a report with its event.
    static func appendReport(
        _ body: [UInt8],
        issued: Event,
        _ json: JSONValue,
        to log: LogWriter
    ) throws(GloveboxError) -> SiteRecord {
        let indexes = try log.appendReport(hashedRekord: body, issued: with(json, issued))
        return try record(log.entry(indexes.issuedIndex))
    }

    /// The event with the record's members as private fields of their own, so that an auditor can be shown some of them.
    private static func with(_ json: JSONValue, _ event: Event) -> Event {
        var event = event
        for member in json.object?.members ?? [] { event.body.append((member.name, member.value)) }
        return event
    }

    /// One event of the journal.
    ///
    /// - Throws: `object.not-found` when there is no event at that index.
    static func record(_ index: UInt64, of log: LogWriter) throws(GloveboxError) -> SiteRecord {
        guard index < log.size, case let entry = try log.entry(index), case .event = entry.kind else {
            throw GloveboxError("object.not-found", "there is no event at index \(index)")
        }
        return try record(entry)
    }

    private static let missing = GloveboxError("log.unavailable", "the log did not say where the event stands")

    /// One event of the journal, as it was read.
    static func record(_ entry: LoggedEntry) throws(GloveboxError) -> SiteRecord {
        guard case .event(let event) = entry.kind, case let own = event["unmapped"]?["glovebox"],
            let name = own?["event"]?.string, let kind = EventKind(rawValue: name),
            let time = event["time"]?.integer
        else { throw GloveboxError("log.journal-corrupt", "entry \(entry.index) is not an event of this site") }
        // The leaf's time may be rounded; the exact one is sealed, and gone with an erased body.
        let exact = entry.body?.fields.first { $0.name == "time" }?.value.integer
        var json = JSONObject()
        for field in entry.body?.fields ?? [] where !Event.ownBodyFields.contains(field.name) {
            json[field.name] = field.value
        }
        if entry.isRecovered, let about = own?["entry"] { json["entry"] = about }
        return SiteRecord(
            kind: kind,
            index: entry.index,
            time: Instant(milliseconds: exact ?? time),
            job: own?["job"]?.string,
            json: .object(json),
            isErased: entry.isErased,
            isRecovered: entry.isRecovered
        )
    }
}
