/// How large a code tree may be.
package struct TreeLimits: Sendable {
    /// Bytes of all files together.
    package var totalBytes: Int64
    /// Bytes of one file.
    package var fileBytes: Int64
    /// Files, directories and links together, the root not counted.
    package var entries: Int
    /// Parts of a path.
    package var depth: Int
    /// Bytes of a path, and of the target of a link.
    package var pathBytes = 1024
    /// Bytes of one part of a path.
    package var nameBytes = 255

    /// What a tree that is only measured may have (attestation section 5).
    package static let measurement = TreeLimits(totalBytes: 4 << 30, fileBytes: 4 << 30, entries: 100_000, depth: 64)

    /// What a tree that is handed in may have (job backend section 4.6).
    package static let upload = TreeLimits(totalBytes: 256 << 20, fileBytes: 64 << 20, entries: 20_000, depth: 32)
}
