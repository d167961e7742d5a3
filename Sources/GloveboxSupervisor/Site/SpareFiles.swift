internal import Glibc
internal import GloveboxCore
internal import Synchronization

/// Files of the site that were overwritten, and wait to become other ones.
///
/// A file that each job makes and deletes costs every new one of the next minutes time: ext4 without a journal passes over
/// the numbers of files that were deleted lately, one by one. These are known to this process alone, and lie where its
/// start clears.
final class SpareFiles: Sendable {
    private let directory: String
    private let paths = Mutex<[String]>([])
    /// More than jobs end at the same time on a machine of a few processors.
    private static let most = 16
    /// Bytes of a file that is worth keeping.
    private static let mostBytes = 1 << 20

    /// Keeps them in an existing directory, of the same file system as where they come from.
    init(in directory: String) { self.directory = directory }

    /// The path of a file whose bytes nobody needs, for the caller alone; nil when there is none.
    func take() -> String? { paths.withLock { $0.popLast() } }

    /// Takes over a file that was overwritten; false when the caller is to delete it.
    func keep(_ path: String, bytes: Int) -> Bool {
        guard bytes <= Self.mostBytes else { return false }
        return paths.withLock { paths in
            let own = directory + "/" + Machine.identifier("spare")
            guard paths.count < Self.most, unsafe rename(path, own) == 0 else { return false }
            paths.append(own)
            return true
        }
    }

    /// Deletes them; the next start would.
    func clear() {
        let all = paths.withLock { paths in
            defer { paths = [] }
            return paths
        }
        for path in all { unsafe unlink(path) }
    }
}
