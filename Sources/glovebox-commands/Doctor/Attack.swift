import Glibc

/// Something a hostile program would try; the same code tries it in a jail and outside.
struct Attack: Sendable {
    /// What counts as stopped.
    enum Criterion: Sendable {
        /// Any error: the attack is tried for real.
        case failed
        /// EPERM, EACCES or ENOSYS: the call is made with arguments that do no harm, and any other error shows that the
        /// kernel took it.
        case refused
    }

    /// Name of the check.
    let name: String
    /// What is tried.
    let what: String
    var criterion = Criterion.failed
    /// The protection without which the attack is known to succeed.
    var needs: String?
    /// Tries it; the value of the call, or -errno.
    let attempt: @Sendable (ProbeTarget) -> Int

    /// Whether a result means that nothing was gained.
    func isStopped(_ result: Int) -> Bool {
        switch criterion {
        case .failed: result < 0
        case .refused: [-EPERM, -EACCES, -ENOSYS].contains { Int($0) == result }
        }
    }

    /// All of them.
    static let all = network + kernel + control + processes + files
}
