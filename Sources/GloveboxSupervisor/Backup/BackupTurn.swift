internal import Synchronization

/// Lets one backup be made at a time.
struct BackupTurn: ~Copyable, Sendable {
    private let isTaken = Mutex(false)

    /// Takes the turn; false when another has it.
    func begin() -> Bool {
        isTaken.withLock { isTaken in
            defer { isTaken = true }
            return !isTaken
        }
    }

    /// Gives it back.
    func end() { isTaken.withLock { $0 = false } }
}
