package import GloveboxCore

/// An upload that has arrived: a NAR archive in a file of its own, which the service may read or move.
package struct BlobUpload: Sendable, Hashable {
    /// Absolute path of the file; mode 0600, removed by the server after the call if it is still there.
    package let path: String
    /// Its length in bytes.
    package let bytes: UInt64

    /// Names an upload.
    package init(path: String, bytes: UInt64) {
        self.path = path
        self.bytes = bytes
    }

    /// Greatest length in bytes, 256 MiB (job-backend section 4.6).
    package static let limit: UInt64 = 268_435_456
}

/// Answer to `POST /blobs`: the measured digests of a code tree.
package struct BlobReceipt: APIValue {
    /// SHA-256 of the NAR archive; names the blob.
    package let narSha256: Digest
    /// The git tree in SHA-256 object format.
    package let gitTreeSha256: Digest
    /// The directory hash of attestation section 5.
    package let dirHash: Digest
    /// How many files.
    package let files: Int
    /// Their bytes together.
    package let size: UInt64

    /// Describes a tree.
    package init(narSha256: Digest, gitTreeSha256: Digest, dirHash: Digest, files: Int, size: UInt64) {
        self.narSha256 = narSha256
        self.gitTreeSha256 = gitTreeSha256
        self.dirHash = dirHash
        self.files = files
        self.size = size
    }

    package init(json: JSONValue) throws(GloveboxError) {
        var fields = try JSONFields(json, at: "blob")
        self.narSha256 = try fields.hexDigest("nar_sha256")
        self.gitTreeSha256 = try fields.hexDigest("git_tree_sha256")
        self.dirHash = try fields.hexDigest("dir_hash")
        self.files = Int(clamping: try fields.decimal("files"))
        self.size = try fields.decimal("bytes")
        try fields.finish()
    }

    package var json: JSONValue {
        [
            "nar_sha256": .string(narSha256.hex), "git_tree_sha256": .string(gitTreeSha256.hex),
            "dir_hash": .string(dirHash.hex), "files": .string(String(files)), "bytes": .string(String(size)),
        ]
    }
}

extension JSONFields {
    /// Takes a digest written as 64 lower-case hex digits.
    ///
    /// - Throws: `schema.missing-field`, `schema.type`.
    package mutating func hexDigest(_ name: String) throws(GloveboxError) -> Digest {
        guard let digest = Digest(hex: try string(name)) else {
            throw GloveboxError("schema.type", "\(name) must be 64 lower-case hex digits")
        }
        return digest
    }
}
