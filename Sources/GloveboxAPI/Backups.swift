package import GloveboxCore
internal import GloveboxJobs

/// `POST /backups`: copy the site to two new directories of the host that `gloveboxd` runs on.
package struct BackupRequest: APIValue {
    /// Absolute path for journal, data and images; what is in it opens without the keys as little as the site itself.
    package let directory: String
    /// Absolute path for the keys, to be kept apart.
    package let keys: String

    /// Asks for a backup.
    package init(directory: String, keys: String) {
        self.directory = directory
        self.keys = keys
    }

    package init(json: JSONValue) throws(GloveboxError) {
        var fields = try JSONFields(json, at: "backup")
        directory = try fields.text("directory", atMost: 1024)
        keys = try fields.text("keys", atMost: 1024)
        try fields.finish()
        for path in [directory, keys] {
            let parts = path.split(separator: "/", omittingEmptySubsequences: false)
            guard parts.count > 1, parts[0].isEmpty,
                parts.dropFirst().allSatisfy({ $0 != "" && $0 != "." && $0 != ".." }),
                path.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7f })
            else {
                throw GloveboxError("path.invalid", "\(Display.escape(path)) is not a plain absolute path")
            }
        }
    }

    package var json: JSONValue { ["directory": .string(directory), "keys": .string(keys)] }
}

/// Answer to `POST /backups`.
package struct BackupInfo: APIValue {
    /// Where journal, data and images are.
    package let directory: String
    /// Where the keys are.
    package let keys: String
    /// SHA-256 of `backup.json`, which the log names.
    package let digest: Digest
    /// Log entries in it.
    package let entries: UInt64
    /// Files in both directories.
    package let files: UInt64
    /// Bytes in both directories.
    package let bytes: UInt64
    /// Directories in the state directory that are not the site's, and not in it.
    package let leftOut: [String]

    /// Describes a backup.
    package init(
        directory: String,
        keys: String,
        digest: Digest,
        entries: UInt64,
        files: UInt64,
        bytes: UInt64,
        leftOut: [String]
    ) {
        self.directory = directory
        self.keys = keys
        self.digest = digest
        self.entries = entries
        self.files = files
        self.bytes = bytes
        self.leftOut = leftOut
    }

    package init(json: JSONValue) throws(GloveboxError) {
        var fields = try JSONFields(json, at: "backup")
        directory = try fields.string("directory")
        keys = try fields.string("keys")
        digest = try fields.namedDigest("digest")
        entries = try fields.decimal("entries")
        files = try fields.decimal("files")
        bytes = try fields.decimal("bytes")
        leftOut = try fields.array("left_out").compactMap(\.string)
        try fields.finish()
    }

    package var json: JSONValue {
        [
            "directory": .string(directory), "keys": .string(keys), "digest": .string(digest.named),
            "entries": .string(String(entries)), "files": .string(String(files)), "bytes": .string(String(bytes)),
            "left_out": .array(leftOut.map { .string($0) }),
        ]
    }
}
