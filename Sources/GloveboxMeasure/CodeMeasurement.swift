package import GloveboxCore

/// A regular file of a measured tree.
package struct CodeFile: Sendable, Hashable {
    /// The path below the root; UTF-8 in NFC, compare its bytes.
    package let path: String
    /// Whether the owner may execute it.
    package let executable: Bool
    /// Bytes.
    package let size: Int64
    /// SHA-256 of the bytes alone, as `sha256sum` prints it.
    package let sha256: Digest

    /// `0755` for a program, `0644` for anything else; no other mode is kept.
    package var mode: String { executable ? "0755" : "0644" }
}

/// What is known of a code tree once it has been measured (attestation section 5).
package struct CodeMeasurement: Sendable, Hashable {
    /// SHA-256 of the Nix archive: the digest that names a tree.
    package let narSha256: Digest
    /// The id of the tree in a git repository whose object format is SHA-256.
    package let gitTreeSha256: Digest
    /// SHA-256 over the lines of `sha256sum`; it knows neither modes nor links nor empty directories.
    package let dirHash: Digest
    /// The regular files, sorted by path bytes.
    package let files: [CodeFile]

    /// The NAR digest in the form of Nix: `sha256-<base64>`.
    package var sri: String { "sha256-" + Base64.encode(narSha256.bytes) }

    /// The one line of `code.digests`: git tree, dirHash, NAR.
    package var digestsLine: String { "\(gitTreeSha256.hex) \(dirHash.hex) \(narSha256.hex)\n" }

    /// `core.code` of a plan (job backend section 1.2); numbers are decimal strings.
    package var json: JSONValue {
        let list: [JSONValue] = files.map { file in
            [
                "path": .string(file.path), "mode": .string(file.mode),
                "size": .string(String(file.size)), "sha256": .string(file.sha256.hex),
            ]
        }
        return [
            "digest": [
                "narSha256": .string(narSha256.hex), "gitTreeSha256": .string(gitTreeSha256.hex),
                "dirHash": .string(dirHash.hex),
            ],
            "files": .array(list),
        ]
    }

    /// Lines for people: the three digests, then the files.
    package var text: String {
        var lines = [
            "nar      sha256:\(narSha256.hex)", "         \(sri)", "gitTree  sha256:\(gitTreeSha256.hex)",
            "dirHash  sha256:\(dirHash.hex)",
        ]
        for file in files {
            let columns = [file.sha256.hex, file.mode, String(file.size), Display.escape(file.path)]
            lines.append(columns.joined(separator: "  "))
        }
        return lines.joined(separator: "\n") + "\n"
    }
}
