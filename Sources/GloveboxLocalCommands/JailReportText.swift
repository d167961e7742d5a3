internal import Glibc
internal import GloveboxCore
internal import GloveboxJail

/// What `jail run` says about a run.
package enum JailReportText {
    /// One line for each thing the user should know, none when all went well.
    static func lines(_ result: JailResult, limits: JailRunCommand) -> [String] {
        var lines: [String] = []
        switch result.end {
        case .memory: lines.append("killed: the jail used more than \(limits.memory) of memory")
        case .wallClock: lines.append("killed: the wall-clock limit was reached")
        case .processorTime: lines.append("killed: the processor-time limit was reached")
        case .outputLimit: lines.append("ended with /out full, so what is there is not all")
        case .signalled(let signal): lines.append("ended by signal \(signal)")
        case .notFound: lines.append("there is no \(Display.escape(limits.command[0])) in the jail's root")
        case .notExecutable: lines.append("\(Display.escape(limits.command[0])) is not executable in the jail's root")
        case .exited, .cancelled: break
        }
        for (name, bytes, limit) in [
            ("stdout", result.streamBytes.out, limits.stdoutLimit),
            ("stderr", result.streamBytes.error, limits.stderrLimit),
        ] where bytes > limit.bytes {
            lines.append("\(name) was cut after \(limit) of \(bytes) bytes; --\(name)-limit forwards more")
        }
        lines += result.denied.map(\.text)
        if result.suppressed > 0 { lines.append("\(result.suppressed) more denied calls of other kinds") }
        if result.processLimitHits > 0 {
            lines.append("the limit of \(limits.pids) processes refused \(result.processLimitHits) new ones")
        }
        return lines.map { "glovebox: " + $0 }
    }

    /// The `--json` object.
    static func json(_ result: JailResult) -> JSONValue {
        var exit: JSONValue = .null
        var signal: JSONValue = .null
        if case .exited(let status) = result.end { exit = .integer(Int64(status)) }
        if case .signalled(let number) = result.end { signal = .integer(Int64(number)) }
        return [
            "exit": exit,
            "signal": signal,
            "status": .integer(Int64(result.exitStatus)),
            "oom": .bool(result.end == .memory),
            "timeout": .bool(result.end == .wallClock),
            "limit": limit(result),
            "wallMilliseconds": .integer(Int64(clamping: result.wallMilliseconds)),
            "cpuMicroseconds": .integer(Int64(clamping: result.cpuMicroseconds)),
            "peakMemoryBytes": .integer(Int64(clamping: result.peakMemory)),
            "peakMemoryOf": .string(result.peakMemoryOfGroup ? "jail" : "largest-process"),
            "deterministic": result.deterministic?.json ?? .null,
            "denied": .array(
                result.denied.map {
                    [
                        "call": .string($0.call), "argument": .string($0.argument), "rule": .string($0.rule),
                        "count": .integer(Int64(clamping: $0.count)),
                        "firstTenths": .integer(Int64(clamping: $0.first)),
                    ]
                }
            ),
            "processLimitHits": .integer(Int64(clamping: result.processLimitHits)),
            "stdoutBytes": .integer(Int64(clamping: result.streamBytes.out)),
            "stderrBytes": .integer(Int64(clamping: result.streamBytes.error)),
            "suppressed": .integer(Int64(clamping: result.suppressed)),
            "protections": result.protections.json,
            "rootOfTrust": "emulated",
        ]
    }

    private static func limit(_ result: JailResult) -> JSONValue {
        switch result.end {
        case .memory: "memory"
        case .wallClock: "wall"
        case .processorTime: "cpu"
        case .outputLimit: "output"
        default: .null
        }
    }

    /// Writes to one of this process's own streams; a reader that went away is not our fault.
    package static func write(_ bytes: [UInt8], to descriptor: Int32) {
        var offset = 0
        while offset < bytes.count {
            let count = unsafe bytes.withUnsafeBytes { buffer in
                guard let base = buffer.baseAddress else { return 0 }
                return unsafe Glibc.write(descriptor, base + offset, buffer.count - offset)
            }
            if count < 0 && errno == EINTR { continue }
            if count <= 0 { return }
            offset += count
        }
    }

    /// Writes text.
    package static func write(_ text: String, to descriptor: Int32) { write(Array(text.utf8), to: descriptor) }
}
