internal import GloveboxAttestation
internal import GloveboxCore

extension NodeStatement {
    /// The commitment to a result (``JailResult/json``) and to what came back: the archives' digests, nil for a directory
    /// without a file.
    static func commit(_ result: JSONValue, _ trees: [Digest?], salt: [UInt8]) -> Digest {
        let names = trees.map { $0?.hex ?? "empty" }.joined(separator: " ")
        let text = "glovebox/node-result/v1\n\(Machine.sha256(CanonicalJSON.encode(result)).hex) \(names)\n"
        return Machine.sha256(salt + Array(text.utf8))
    }
}
