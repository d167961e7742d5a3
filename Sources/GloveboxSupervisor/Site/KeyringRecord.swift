internal import GloveboxAttestation
internal import GloveboxCore

/// Which keys a site has and had: the public halves and their periods, `keys/keyring.json`.
///
/// It decides which private files are in force, so that one rename moves a site from one key to the next.
struct KeyringRecord: Sendable {
    private static let profile = "glovebox-keyring/1"

    /// One key.
    struct Entry: Sendable, Equatable {
        let use: KeyUse
        /// 1 for the first of its use.
        let generation: Int
        /// SHA-256 of the SPKI, or the key id of an Ed25519 key.
        let key: Digest
        /// Certificates from the key's own upwards, or the bare key.
        let parts: [[UInt8]]
        let from: Instant
        /// Exclusive; nil while it is in force.
        var to: Instant?

        /// Name of its private file, without the ending.
        var name: String { generation == 1 ? use.rawValue : "\(use.rawValue)-\(generation)" }

        fileprivate var json: JSONValue {
            var members: [(String, JSONValue)] = [
                ("use", .string(use.rawValue)), ("generation", .integer(Int64(generation))), ("key", .string(key.hex)),
                ("parts", .array(parts.map { .string(Base64.encode($0)) })), ("from", .string(from.text)),
            ]
            if let to { members.append(("to", .string(to.text))) }
            return .object(JSONObject(members))
        }

        fileprivate init(_ json: JSONValue) throws(GloveboxError) {
            let damaged = GloveboxError("key.record", "keys/keyring.json has a value of another form")
            var fields = try JSONFields(json, at: "keyring")
            guard let use = KeyUse(rawValue: try fields.string("use")), let key = Digest(hex: try fields.string("key")),
                let from = Instant(try fields.string("from"))
            else { throw damaged }
            var end: Instant?
            if let to = fields.optional("to") {
                guard let time = to.string.flatMap({ Instant($0) }) else { throw damaged }
                end = time
            }
            var parts: [[UInt8]] = []
            for part in try fields.array("parts") {
                guard let bytes = part.string.flatMap(Base64.decode) else { throw damaged }
                parts.append(bytes)
            }
            self.init(use, Int(clamping: try fields.integer("generation")), key, parts, from: from, to: end)
            try fields.finish()
        }

        init(_ use: KeyUse, _ generation: Int, _ key: Digest, _ parts: [[UInt8]], from: Instant, to: Instant? = nil) {
            self.use = use
            self.generation = generation
            self.key = key
            self.parts = parts
            self.from = from
            self.to = to
        }
    }

    /// All keys, in the order in which they were made.
    private(set) var entries: [Entry] = []
    /// How each root handed over to the next.
    var successions: [RootSuccession] = []

    /// A site without keys.
    init() {}

    /// Reads the file.
    ///
    /// - Throws: `storage.read`, `key.record`, codes of the strict reader.
    init(reading layout: SiteLayout) throws(GloveboxError) {
        var fields = try JSONFields(JSONReader.readCanonical(StateFile.read(layout.keyring)), at: "keyring")
        guard try fields.string("profile") == Self.profile else {
            throw GloveboxError("key.record", "keys/keyring.json is of a version this program does not know")
        }
        for entry in try fields.array("keys") { entries.append(try Entry(entry)) }
        for succession in try fields.array("successions") { successions.append(try RootSuccession(json: succession)) }
        try fields.finish()
    }

    /// Writes the file, whole or not at all.
    func write(_ layout: SiteLayout) throws(GloveboxError) {
        let json: JSONValue = [
            "profile": .string(Self.profile), "keys": .array(entries.map(\.json)),
            "successions": .array(successions.map(\.json)),
        ]
        try StateFile.write(CanonicalJSON.encode(json), to: layout.keyring)
    }

    /// Keys of one use, the one in force first.
    func all(_ use: KeyUse) -> [Entry] { entries.filter { $0.use == use }.reversed() }

    /// The key in force.
    ///
    /// - Throws: `key.record` when there is none.
    func current(_ use: KeyUse) throws(GloveboxError) -> Entry {
        guard let entry = all(use).first, entry.to == nil, !entry.parts.isEmpty else {
            throw GloveboxError("key.record", "keys/keyring.json names no key in force for \(use.rawValue)")
        }
        return entry
    }

    /// Notes the broker's key; whether it is another than before.
    @discardableResult
    mutating func note(broker key: Digest, from: Instant) -> Bool {
        if all(.broker).first?.key == key { return false }
        add(.broker, key, [key.bytes], from: from)
        return true
    }

    /// Adds a key, and ends the period of the one before when its own begins, or later; the new entry.
    @discardableResult
    mutating func add(
        _ use: KeyUse,
        _ key: Digest,
        _ parts: [[UInt8]],
        from: Instant,
        overlap seconds: Int64 = 0
    ) -> Entry {
        var generation = 1
        for index in entries.indices where entries[index].use == use {
            // What is left of an earlier overlap ends with it: two keys of one use are enough.
            if entries[index].to.map({ from < $0 }) ?? true {
                entries[index].to = from.adding(seconds: entries[index].to == nil ? seconds : 0)
            }
            generation = max(generation, entries[index].generation + 1)
        }
        let entry = Entry(use, generation, key, parts, from: from)
        entries.append(entry)
        return entry
    }
}
