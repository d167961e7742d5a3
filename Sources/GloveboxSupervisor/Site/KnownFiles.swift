internal import GloveboxCore
internal import Synchronization

/// Files of the site that are read for each report and change seldom, kept as last read.
///
/// A file is read again when it is not the same one, or was changed since: its number, its length and the time of its last
/// change are asked for each time. They are replaced whole, and never written in place.
final class KnownFiles: Sendable {
    private let known = Mutex<[String: (stamp: FileStamp, bytes: [UInt8])]>([:])

    /// The bytes of a file.
    ///
    /// - Throws: `storage.read`.
    func read(_ path: String) throws(GloveboxError) -> [UInt8] {
        // Before the bytes: what takes the file's place meanwhile has another stamp.
        let stamp = try FileStamp(path, followingLinks: false)
        if let file = known.withLock({ $0[path] }), file.stamp == stamp { return file.bytes }
        let bytes = try StateFile.read(path)
        known.withLock { $0[path] = (stamp, bytes) }
        return bytes
    }
}
