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
        /// Its numbers; nil when it gave none that count.
        let vector: CheckedVector?
        /// Why it gave none, for the data's owner alone; empty when it did.
        let fault: String
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
    private let declared: DeclaredOutput
    private let length: Int
    private let blocks: Blocks
    private let jails: JailReserve
    private let pace: Pace
    /// Times a jail is built before a block, and with it the run, is given up.
    private static let attempts = 3
    /// When the next block's turn is, on the monotonic clock in milliseconds; nil before the first.
    private var turn: UInt64?

    /// Prepares to run under a policy with blocks.
    ///
    /// - Throws: `policy.not-enforced` for another.
    init(_ policy: OutputPolicy, jails: JailReserve, pace: Pace) throws(GloveboxError) {
        guard let blocks = policy.privacy.blocks, let result = policy.privacy.result,
            let declared = policy.outputs.first
        else { throw GloveboxError("policy.not-enforced", "the policy has no program over blocks") }
        (self.policy, self.declared, self.blocks, length) = (policy, declared, blocks, result.length)
        (self.jails, self.pace) = (jails, pace)
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
            do { result = try JailRun(reserve: jails).run(specification, hooks: hooks) } catch {
                // From its first instruction on, whatever goes wrong may be the program's own doing: no run of it shows
                // more than another. Before, it is the host's, and the run is paid for already.
                guard began != nil || (attempt < Self.attempts && error.code.hasPrefix("jail.")) else { throw error }
            }
        }
        guard let began, result?.end != .cancelled else { return nil }
        guard wait(until: began + specification.limits.wallMilliseconds, hooks.cancel) else { return nil }
        let (vector, fault) = try read(result)
        turn = (turn ?? began) + UInt64(blocks.wallLimit + Blocks.pause) * 1000
        guard wait(until: turn ?? 0, hooks.cancel) else { return nil }
        return Block(vector: vector, fault: fault, result: result)
    }

    private func read(_ result: JailResult?) throws(GloveboxError) -> (CheckedVector?, String) {
        guard let result, case .exited(0) = result.end, let output = result.output else {
            return (nil, result?.end.text ?? "the jail broke down")
        }
        let outputs: OutputCollector.Outputs
        do { outputs = try OutputCollector(policy: policy).collect(output, readsUndeclared: false) } catch {
            return (nil, error.code)
        }
        guard outputs.faults.isEmpty, let file = outputs.files.first else {
            return (nil, outputs.faults.first ?? "missing-output")
        }
        let form = OpaqueFile.Form.vector(length: length)
        let answer = try CheckerDoor(jails: jails).parse(
            file.bytes,
            as: form,
            maxBytes: Int(clamping: declared.maxBytes)
        )
        switch answer {
        case .vector(let vector): return (vector, "")
        case .refused(let fault): return (nil, fault.message)
        case .figure, .model, nil: return (nil, "the parser did not come to an end")
        }
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
