internal import GloveboxCore
internal import Synchronization

/// A profile's program, compiled when it is first wanted; libseccomp takes about two milliseconds for it.
final class SeccompProgram: Sendable {
    private let bytes: Mutex<[UInt8]?>

    /// A program still to be compiled, or one that was compiled before.
    init(_ bytes: [UInt8]? = nil) { self.bytes = Mutex(bytes) }

    func bytes(compile: () throws(GloveboxError) -> [UInt8]) throws(GloveboxError) -> [UInt8] {
        if let bytes = bytes.withLock({ $0 }) { return bytes }
        let made = try compile()
        bytes.withLock { $0 = made }
        return made
    }
}
