package import GloveboxCore

/// One attempt to run a job.
///
/// A retry is a new run of the same job.
package struct JobRun: Sendable, Hashable {
    /// Counted from 1.
    package let number: Int
    /// The executor, such as `local`.
    package let executor: String
    /// The node's name.
    package let node: String
    /// The nonce that the report of this run carries; nil until the intent is durable.
    package internal(set) var nonce: Digest?
    /// Log index of the intent; nil until it is durable.
    package internal(set) var startIndex: UInt64?
    /// The digest over all measurements; nil until staged.
    package internal(set) var measured: Digest?
    /// When the job's code began; nil before.
    package internal(set) var started: Instant?
    /// When its last process was dead; nil before.
    package internal(set) var ended: Instant?
    /// How it ended; nil while it has not.
    package internal(set) var exit: ExitClass?

    /// The executor's name where another machine runs the jails.
    package static let node = "node"

    /// Whether another machine ran the jails.
    package var isRemote: Bool { executor.utf8.elementsEqual(Self.node.utf8) }

    init(number: Int, executor: String, node: String) {
        self.number = number
        self.executor = executor
        self.node = node
    }
}
