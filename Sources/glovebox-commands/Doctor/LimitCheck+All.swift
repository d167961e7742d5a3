import Glibc
import GloveboxCore
import GloveboxJail

extension LimitCheck {
    /// All of them.
    static let all: [LimitCheck] = [
        counted("limit-processes", "a fork bomb", .processes, most: 24, EAGAIN) { $0.limits.processes = 24 },
        memory,
        counted("limit-scratch", "filling /tmp", .bytes, most: 4, ENOSPC) { $0.limits.scratchBytes = 4 << 20 },
        counted("limit-output", "filling /out", .bytes, most: 4, ENOSPC, in: "/out") {
            $0.limits.outputBytes = 4 << 20
        },
        counted("limit-scratch-files", "a flood of files in /tmp", .files, most: 100, ENOSPC) {
            $0.limits.scratchFiles = 100
        },
        counted("limit-output-files", "a flood of files in /out", .files, most: 100, ENOSPC, in: "/out") {
            $0.limits.outputFiles = 100
        },
        stream, wallClock,
        ending("end-status", "a program that leaves with 137", .status137, .exited(137)) { $0.status == 137 << 8 },
        ending("end-signal", "a program that is killed", .killed, .signalled(SIGKILL)) { $0.status == SIGKILL },
    ]

    private static func counted(
        _ name: String,
        _ what: String,
        _ flood: Flood,
        most: Int,
        _ expected: Int32,
        in directory: String = "/tmp",
        _ change: @escaping @Sendable (inout JailSpecification) -> Void
    ) -> LimitCheck {
        LimitCheck(
            name: name,
            what: what,
            probe: flood.rawValue,
            directory: directory,
            change: change,
            judge: { inside in
                guard inside.result.end == .exited(0), let (count, error) = Self.flood(inside.output) else {
                    return .broken("the probe did not answer (\(inside.result.end))")
                }
                if error == expected, count <= most {
                    return .held("refused after \(count) of at most \(most) \(flood.unit)")
                }
                return .broken("\(count) \(flood.unit) with error \(error), though the limit is \(most)")
            },
            passes: { Self.flood($0.output).map { $0.count > most } ?? false }
        )
    }

    private static let memory = LimitCheck(
        name: "limit-memory",
        what: "more memory than allowed",
        probe: Flood.memory.rawValue,
        change: { $0.limits.memory = 192 << 20 },
        judge: { inside in
            if inside.result.end == .memory { return .held("killed, and told as memory") }
            guard inside.result.end == .exited(0), let (count, error) = Self.flood(inside.output) else {
                return .broken("ended otherwise (\(inside.result.end))")
            }
            if error == ENOMEM { return .weaker("refused after \(count) MiB for this process alone, not for the jail") }
            return .broken("went on to \(count) MiB, though the limit is 192")
        },
        passes: { Self.flood($0.output).map { $0.count == Flood.memory.bound } ?? false }
    )

    private static let stream = LimitCheck(
        name: "limit-stdout",
        what: "a flood on stdout",
        probe: Flood.stream.rawValue,
        change: { $0.limits.outBytes = 1 << 16 },
        judge: { inside in
            guard inside.result.end == .exited(0) else { return .broken("ended otherwise (\(inside.result.end))") }
            let kept = inside.output.utf8.count
            if kept != 1 << 16 { return .broken("\(kept) bytes were kept, though the limit is 65536") }
            return .held("cut at 65536 of \(inside.result.streamBytes.out) bytes, and nothing stalled")
        },
        passes: { $0.output.utf8.count == Flood.stream.bound << 20 }
    )

    private static let wallClock = LimitCheck(
        name: "limit-wall-clock",
        what: "running on",
        probe: Ending.sleep.rawValue,
        change: { $0.limits.wallMilliseconds = 300 },
        judge: { inside in
            if inside.result.end == .wallClock { return .held("ended after \(inside.result.wallMilliseconds) ms") }
            return .broken("ended otherwise (\(inside.result.end))")
        },
        passes: { $0.status == 0 }
    )

    private static func ending(
        _ name: String,
        _ what: String,
        _ ending: Ending,
        _ expected: JailResult.End,
        _ passes: @escaping @Sendable (ProbeRuns.Outside) -> Bool
    ) -> LimitCheck {
        LimitCheck(
            name: name,
            what: what,
            probe: ending.rawValue,
            judge: { inside in
                let end = inside.result.end
                return end == expected ? .held("told as what it is") : .broken("told as \(end)")
            },
            passes: passes
        )
    }
}
