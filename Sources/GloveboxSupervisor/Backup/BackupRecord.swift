internal import GloveboxCore

/// `backup.json`: what a backup is of.
struct BackupRecord: Sendable {
    /// The file's name.
    static let name = "backup.json"
    private static let profile = "glovebox-backup/1"

    /// The site's name.
    let site: String
    /// The name of its log.
    let origin: String
    /// The program's version.
    let version: String
    let made: Instant
    /// How many entries the journal has.
    let size: UInt64
    /// The root over them.
    let root: Digest
    /// SHA-256 of the data half's `SHA256SUMS`.
    let sums: Digest

    init(site: String, origin: String, version: String, made: Instant, size: UInt64, root: Digest, sums: Digest) {
        self.site = site
        self.origin = origin
        self.version = version
        self.made = made
        self.size = size
        self.root = root
        self.sums = sums
    }

    /// Reads ``bytes``.
    ///
    /// - Throws: `backup.damaged`, codes of the strict reader.
    init(parsing bytes: [UInt8]) throws(GloveboxError) {
        var fields = try JSONFields(JSONReader.readCanonical(bytes), at: "backup")
        guard try fields.string("profile") == Self.profile else {
            throw Backup.damaged("\(Self.name) is of a version this program does not know")
        }
        site = try fields.string("site")
        origin = try fields.string("origin")
        version = try fields.string("version")
        guard let made = Instant(try fields.string("made")), let size = UInt64(try fields.string("size")) else {
            throw Backup.damaged("\(Self.name) has a value of another form")
        }
        (self.made, self.size) = (made, size)
        root = try fields.digest("root")
        sums = try fields.digest("sums")
        try fields.finish()
    }

    /// Canonical JSON.
    var bytes: [UInt8] {
        CanonicalJSON.encode([
            "profile": .string(Self.profile), "site": .string(site), "origin": .string(origin),
            "version": .string(version), "made": .string(made.text), "size": .string(String(size)), "root": root.json,
            "sums": sums.json,
        ])
    }
}
