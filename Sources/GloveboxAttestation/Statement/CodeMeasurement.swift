package import GloveboxCore

/// The three digests of a code tree.
///
/// None of them stands for another.
///
/// Source: attestation specification, section 5.
package struct CodeDigests: Sendable, Hashable, Wire {
    /// NAR, the primary one.
    package let nar: Digest
    /// The git tree in SHA-256 object format.
    package let gitTree: Digest
    /// Over `<hex>  <path>` lines of the regular files.
    ///
    /// Ignores modes, links and empty directories.
    package let dirHash: Digest

    /// Makes a set of measured digests.
    package init(nar: Digest, gitTree: Digest, dirHash: Digest) {
        self.nar = nar
        self.gitTree = gitTree
        self.dirHash = dirHash
    }

    /// Reads the file `code.digests`.
    ///
    /// - Throws: `code.mismatch` when it is not one line of three digests.
    package init(line: [UInt8]) throws(GloveboxError) {
        let parts = String(decoding: line, as: UTF8.self).split(separator: " ", omittingEmptySubsequences: false)
        guard parts.count == 3, parts[2].utf8.last == 10,
            let gitTree = Digest(hex: String(parts[0])), let dirHash = Digest(hex: String(parts[1])),
            let nar = Digest(hex: String(parts[2].dropLast()))
        else { throw GloveboxError("code.mismatch", "code.digests is not one line of three digests") }
        self.init(nar: nar, gitTree: gitTree, dirHash: dirHash)
    }

    /// The file `code.digests`: git tree, dirHash and NAR in hex, single spaces, one line.
    package var line: [UInt8] { Array("\(gitTree.hex) \(dirHash.hex) \(nar.hex)\n".utf8) }

    package var json: JSONValue {
        ["dirHash": .string(dirHash.hex), "gitTreeSha256": .string(gitTree.hex), "narSha256": .string(nar.hex)]
    }

    init(reading fields: inout JSONFields) throws(GloveboxError) {
        self.nar = try fields.digestHex("narSha256")
        self.gitTree = try fields.digestHex("gitTreeSha256")
        self.dirHash = try fields.digestHex("dirHash")
    }
}

/// One regular file of a code tree.
package struct CodeFile: Sendable, Wire {
    /// Path below the tree's root.
    package let path: String
    /// `0644` or `0755`.
    package let mode: String
    /// Length in bytes.
    package let size: UInt64
    /// SHA-256 of the content.
    package let digest: Digest

    /// Describes a measured file.
    package init(path: String, mode: String, size: UInt64, digest: Digest) {
        self.path = path
        self.mode = mode
        self.size = size
        self.digest = digest
    }

    var json: JSONValue {
        [
            "mode": .string(mode), "path": .string(path), "sha256": .string(digest.hex), "size": .decimal(size),
        ]
    }

    init(reading fields: inout JSONFields) throws(GloveboxError) {
        self.path = try fields.string("path")
        self.mode = try fields.string("mode")
        self.size = try fields.decimal("size")
        self.digest = try fields.digestHex("sha256")
    }
}

extension [CodeFile] {
    /// SHA-256 of `<hex>  <path>` lines sorted by path bytes: what `sha256sum` over the sorted tree prints.
    package var listDigest: Digest {
        let sorted = sorted { $0.path.utf8.lexicographicallyPrecedes($1.path.utf8) }
        var text: [UInt8] = []
        for file in sorted { text += [UInt8]("\(file.digest.hex)  \(file.path)\n".utf8) }
        return Hashing.sha256(text)
    }
}
