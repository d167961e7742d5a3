package import GloveboxAPI
package import GloveboxCore
internal import GloveboxDocuments
package import GloveboxTransparency

/// What the operator may change between two starts: `gloveboxd.yaml`, and the files it names.
///
/// A site without the file has no public address, asks no witness and watches no log.
package struct SiteSettings: Sendable {
    /// Where the public log is served over HTTP; nil for nowhere.
    package var listen: (host: String, port: Int)?
    /// The log's witnesses and the quorum a release waits for, in the tlog-policy file's own bytes.
    package var witnessing: (policy: TlogPolicy, bytes: [UInt8])?
    /// The directory of the log's sign-lock, on other storage than the state; nil for the one in it.
    package var signLock: String?
    /// The logs this site is a witness of.
    package var watched: [WatchedLog] = []
    /// The TPM that vouches for the site.
    package var tpm = TPMChoice.none
    /// Where figures and readiness are served over HTTP; nil for nowhere.
    package var metrics: (host: String, port: Int)?
    /// Another operator's time-stamping authority, which takes the place of the site's own; nil for none.
    package var stamping: StampingSettings?
    /// What the trust policy lets count at least.
    var floors = TrustFloors()
    /// What the operator decided about the API.
    package var server = ServerSettings()
    /// What the operator decided about jobs.
    var jobs = JobSettings()
    /// How long things are kept.
    var retention = RetentionSettings()
    /// Where webhooks may go.
    var webhooks = WebhookSettings()
    /// What one account may have open.
    var quotas = AccountQuotas()
    /// Every byte that was read, for the digest that stands in events.
    package private(set) var bytes: [UInt8] = []

    /// Settings of a site that has none.
    package init() {}

    /// Reads a file, and the policy file it names; a path in it is relative to its own directory.
    ///
    /// - Throws: `config.invalid`, `storage.read`, codes of ``StrictYAML`` and ``TlogPolicy``.
    package init(reading path: String) throws(GloveboxError) {
        guard StateFile.exists(path) else { return }
        bytes = try StateFile.read(path)
        var root = try JSONFields(StrictYAML.read(bytes), at: "gloveboxd.yaml")
        let section = root.optional("log")
        if let tpm = root.optional("tpm") {
            guard let choice = tpm.string.flatMap(TPMChoice.init) else {
                throw Self.invalid("tpm is none, swtpm or a device such as /dev/tpmrm0")
            }
            self.tpm = choice
        }
        if let section = root.optional("metrics") {
            var metrics = try JSONFields(section, at: "gloveboxd.yaml.metrics")
            self.metrics = try Self.address(metrics.required("listen"), "metrics.listen")
            try metrics.finish()
        }
        let folder = String(path[..<(path.lastIndex(of: "/") ?? path.startIndex)])
        try readServer(&root, folder: folder)
        if let section = root.optional("webhooks") { webhooks = try WebhookSettings(section, folder: folder) }
        if let section = root.optional("timestamp") {
            let stamping = try StampingSettings(section, folder: folder)
            self.stamping = stamping
            bytes += stamping.bytes
        }
        if let section = root.optional("trust") { floors = try TrustFloors(section) }
        try root.finish()
        guard let section else { return }
        var log = try JSONFields(section, at: "gloveboxd.yaml.log")
        if let listen = log.optional("listen") { self.listen = try Self.address(listen, "log.listen") }
        if let place = log.optional("sign_lock") {
            guard let path = place.string, path.hasPrefix("/"), path.count > 1, !path.hasSuffix("/") else {
                throw Self.invalid("log.sign_lock is the absolute path of a directory")
            }
            signLock = path
        }
        if let file = log.optional("policy") {
            guard let name = file.string, !name.isEmpty else { throw Self.invalid("log.policy is the path of a file") }
            let policy = try StateFile.read(Self.path(name, folder))
            witnessing = (try TlogPolicy(parsing: policy), policy)
            bytes += policy
        }
        for value in try Self.list(log.optional("watch")) {
            var peer = try JSONFields(value, at: "log.watch")
            let keys = try Self.keys(&peer)
            let origin = peer.optional("origin")?.string ?? keys[0].name
            try peer.finish()
            guard !watched.contains(where: { $0.origin == origin }) else {
                throw Self.invalid("log.watch names \(Display.escape(origin)) twice")
            }
            watched.append(try WatchedLog(origin: origin, keys: keys))
        }
        try log.finish()
    }

    /// Checks that the log policy is about this site's log, and has it name every key of the log, also one that is new.
    ///
    /// - Throws: `config.invalid`.
    mutating func adopt(logs keys: [NoteKey]) throws(GloveboxError) {
        guard let (policy, bytes) = witnessing else { return }
        guard policy.logs.allSatisfy(keys.contains), let key = keys.first else {
            throw GloveboxError(
                "config.invalid",
                "the file of log.policy must name this site's log and no other",
                hint: "Its line is: log \(keys.first?.vkey ?? "")"
            )
        }
        if policy.logs == keys { return }
        let others = String(decoding: bytes, as: UTF8.self).split(separator: "\n").filter {
            $0.split { $0 == " " || $0 == "\t" }.first != "log"
        }
        let lines = keys.map { "log \($0.vkey) https://\(key.name)" } + others.map(String.init)
        let composed = Array((lines.joined(separator: "\n") + "\n").utf8)
        witnessing = (try TlogPolicy(parsing: composed), composed)
    }

    /// `key`, or `keys` where a log has changed its key.
    private static func keys(_ peer: inout JSONFields) throws(GloveboxError) -> [NoteKey] {
        guard let several = peer.optional("keys") else { return [try NoteKey(vkey: peer.string("key"))] }
        var keys: [NoteKey] = []
        for value in several.array ?? [] { keys.append(try NoteKey(vkey: value.string ?? "")) }
        guard !keys.isEmpty else { throw invalid("log.watch.keys is a list of keys") }
        return keys
    }

    private static func list(_ value: JSONValue?) throws(GloveboxError) -> [JSONValue] {
        guard let value else { return [] }
        guard let list = value.array else { throw invalid("log.watch is a list") }
        return list
    }

    static func address(_ value: JSONValue, _ key: String) throws(GloveboxError) -> (host: String, port: Int) {
        let refused = invalid("\(key) is an address and a port, such as 127.0.0.1:8471 or [::1]:8471")
        guard let text = value.string, let colon = text.lastIndex(of: ":"),
            let port = Int(text[text.index(after: colon)...]), (1...65_535).contains(port)
        else { throw refused }
        var host = String(text[..<colon])
        if host.hasPrefix("["), host.hasSuffix("]") { host = String(host.dropFirst().dropLast()) }
        guard !host.isEmpty, host.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f }) else { throw refused }
        return (host, port)
    }

    static func invalid(_ message: String) -> GloveboxError { GloveboxError("config.invalid", message) }
}
