package import GloveboxCore

/// What a site shows to everyone, and its answer to the logs it witnesses.
package protocol PublicSite: Sendable {
    /// A file by its path without the leading slash; nil when there is none.
    ///
    /// `checkpoint` and `tile/…` are the site's log, `witness/<hash>/checkpoint` is what it saw of another log.
    func file(_ path: String) async throws(GloveboxError) -> PublicFile?
    /// `POST /witness/add-checkpoint`.
    func addCheckpoint(_ body: [UInt8]) async throws(GloveboxError) -> WitnessAnswer
}

/// A public file.
package struct PublicFile: Sendable {
    /// Its bytes.
    package let bytes: [UInt8]
    /// Their SHA-256.
    package let digest: Digest
    /// Whether the path will never show other bytes: true of tiles, false of checkpoints.
    package let isImmutable: Bool

    /// Describes a file.
    package init(bytes: [UInt8], digest: Digest, isImmutable: Bool) {
        self.bytes = bytes
        self.digest = digest
        self.isImmutable = isImmutable
    }
}

/// A witness's answer as HTTP carries it.
package struct WitnessAnswer: Sendable {
    /// The status.
    package let status: Int
    /// The media type.
    package let type: String
    /// The body.
    package let body: [UInt8]

    /// An answer.
    package init(status: Int, type: String, body: [UInt8]) {
        self.status = status
        self.type = type
        self.body = body
    }
}
