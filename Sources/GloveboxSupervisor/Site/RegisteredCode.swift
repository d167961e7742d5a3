internal import GloveboxAttestation
internal import GloveboxCore
internal import GloveboxMeasure
internal import GloveboxPolicy

/// An uploaded code tree: its archive stands in the blob store under its NAR digest.
struct RegisteredCode: Sendable {
    let digests: CodeDigests
    let files: [GloveboxAttestation.CodeFile]
    /// The account that uploaded it.
    let owner: String

    init(_ measurement: CodeMeasurement, owner: String) {
        digests = CodeDigests(
            nar: measurement.narSha256,
            gitTree: measurement.gitTreeSha256,
            dirHash: measurement.dirHash
        )
        files = measurement.files.map {
            GloveboxAttestation.CodeFile(path: $0.path, mode: $0.mode, size: UInt64($0.size), digest: $0.sha256)
        }
        self.owner = owner
    }

    init(json: JSONValue) throws(GloveboxError) {
        var fields = try JSONFields(json, at: "code")
        var digests = try fields.nested("digest")
        func digest(_ name: String) throws(GloveboxError) -> Digest {
            guard let digest = Digest(hex: try digests.string(name)) else {
                throw GloveboxError("schema.type", "code.\(name) must be a digest")
            }
            return digest
        }
        self.digests = CodeDigests(
            nar: try digest("narSha256"),
            gitTree: try digest("gitTreeSha256"),
            dirHash: try digest("dirHash")
        )
        var files: [GloveboxAttestation.CodeFile] = []
        for value in try fields.array("files") {
            var file = try JSONFields(value, at: "code.file")
            guard let size = UInt64(try file.string("size")), let sha256 = Digest(hex: try file.string("sha256")) else {
                throw GloveboxError("schema.type", "a code file's size or digest is not readable")
            }
            files.append(
                GloveboxAttestation.CodeFile(
                    path: try file.string("path"),
                    mode: try file.string("mode"),
                    size: size,
                    digest: sha256
                )
            )
        }
        self.files = files
        owner = try fields.string("owner")
    }

    var json: JSONValue {
        [
            "digest": digests.json,
            "files": .array(
                files.map {
                    [
                        "path": .string($0.path), "mode": .string($0.mode), "size": .string(String($0.size)),
                        "sha256": .string($0.digest.hex),
                    ]
                }
            ),
            "owner": .string(owner),
        ]
    }
}
