internal import Glibc
internal import GloveboxCore
internal import GloveboxJail
internal import GloveboxLinux
internal import GloveboxPolicy
internal import GloveboxTables

/// Runs a program on one block of units after the other, each time in a fresh jail.
///
/// Never on two side by side: a program that finds someone in one block could take the processor from another, and so change
/// what it says there. Source: release policy section 10.
final class BlockRun {
    /// What a program came to on one block.
    struct Block {
        /// What it left.
        let left: OutputJudge.BlockResult
        /// The jail's own account; nil when the jail broke down under the program.
        let result: JailResult?
    }

    /// When a block's result is read, and the next block run.
    enum Pace {
        /// At the end of the time that every block has, whenever the program ends: how long it took tells nothing.
        case fixed
        /// As soon as the program ends: for rows that hide nothing.
        case whenDone
    }

    private let policy: OutputPolicy
    private let blocks: Blocks
    /// For the checker of what the program leaves.
    private let jails: JailReserve
    /// For the program itself.
    private let runner: JailRun
    private let pace: Pace
    /// Times a jail is built before a block, and with it the run, is given up.
    private static let attempts = 3
    /// When the next block's turn is, on the monotonic clock in milliseconds; nil before the first.
    private var turn: UInt64?

    /// Prepares to run under a policy with blocks; the program's jails are of the same reserve unless a runner is given.
    ///
    /// - Throws: `policy.not-enforced` for another.
    init(
        _ policy: OutputPolicy,
        jails: JailReserve,
        runner: JailRun? = nil,
        pace: Pace
    ) throws(GloveboxError) {
        guard let blocks = policy.privacy.blocks else {
            throw GloveboxError("policy.not-enforced", "the policy has no program over blocks")
        }
        (self.policy, self.blocks, self.jails, self.pace) = (policy, blocks, jails, pace)
        self.runner = runner ?? JailRun(reserve: jails)
    }

    /// Runs the program on the block that the hooks stage; nil when that was cancelled.
    ///
    /// - Throws: `jail.*`, and what the hooks throw, when the program could not be started.
    func run(_ specification: JailSpecification, hooks: JailRun.Hooks) throws(GloveboxError) -> Block? {
        var specification = specification
        specification.limits.wallMilliseconds = UInt64(blocks.wallLimit) * 1000
        var hooks = hooks
        var began: UInt64?
        let start = hooks.start
        hooks.start = { (readback: JailReadback, protections: JailProtections) throws(GloveboxError) in
            try start(readback, protections)
            began = SystemClock.monotonicMilliseconds
        }
        var result: JailResult?
        for attempt in 1...Self.attempts where result == nil && began == nil {
            do { result = try runner.run(specification, hooks: hooks) } catch {
                // From its first instruction on, whatever goes wrong may be the program's own doing: no run of it shows
                // more than another. Before, it is the host's, and the run is paid for already.
                guard began != nil || (attempt < Self.attempts && error.code.hasPrefix("jail.")) else { throw error }
            }
        }
        guard let began, result?.end != .cancelled else { return nil }
        guard wait(until: began + specification.limits.wallMilliseconds, hooks.cancel) else { return nil }
        let left = try read(result)
        turn = (turn ?? began) + UInt64(blocks.wallLimit + Blocks.pause) * 1000
        guard wait(until: turn ?? 0, hooks.cancel) else { return nil }
        return Block(left: left, result: result)
    }

    private func read(_ result: JailResult?) throws(GloveboxError) -> OutputJudge.BlockResult {
        guard let result, case .exited(0) = result.end, let output = result.output else {
            return .init(fault: result?.end.text ?? "the jail broke down")
        }
        return try OutputJudge(policy: policy, jails: jails).block(output)
    }

    /// Waits for a moment; false when the run was cancelled before.
    private func wait(until moment: UInt64, _ cancel: Descriptor?) -> Bool {
        guard pace == .fixed else { return true }
        while true {
            let now = SystemClock.monotonicMilliseconds
            guard now < moment else { return true }
            var polled = pollfd(fd: cancel?.raw ?? -1, events: Int16(POLLIN), revents: 0)
            if unsafe poll(&polled, 1, Int32(clamping: moment - now)) > 0 { return false }
        }
    }
}
