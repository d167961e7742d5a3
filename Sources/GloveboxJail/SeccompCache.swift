internal import GloveboxCore
internal import Synchronization

/// Programs compiled in this process, by their rules: libseccomp takes about a millisecond for each.
enum SeccompCache {
    private struct Rules: Hashable {
        let allowed: [SeccompRule]
        let refused: [SeccompRule]
        let numbers: SeccompNumbers
    }

    private static let programs = Mutex<[Rules: [UInt8]]>([:])

    /// More than this many means profiles made on the fly, which are not worth keeping.
    private static let most = 16

    /// The program of a profile, compiled when it is not here yet.
    ///
    /// - Throws: `jail.seccomp`.
    static func program(for profile: SeccompProfile) throws(GloveboxError) -> [UInt8] {
        let rules = Rules(allowed: profile.allowed, refused: profile.refused, numbers: profile.numbers)
        if let program = programs.withLock({ $0[rules] }) { return program }
        let program = try profile.compiledAnew()
        programs.withLock { if $0.count < most { $0[rules] = program } }
        return program
    }
}
