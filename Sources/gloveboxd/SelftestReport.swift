import Glibc
import GloveboxCore
import GloveboxStore

/// What a self-test found, for people and for programs.
struct SelftestReport {
    let size: UInt64
    let writers: Int
    let result: SelftestRun.Result
    let disk: DiskProbe?
    /// Nanoseconds that opening the log took.
    let opening: UInt64

    private var rate: UInt64 {
        result.duration == 0 ? 0 : result.appends.count * 1_000_000_000 / result.duration
    }

    /// Greatest resident memory of this process, in bytes.
    private var memory: Int {
        var usage = rusage()
        guard unsafe getrusage(RUSAGE_SELF.rawValue, &usage) == 0 else { return 0 }
        return usage.ru_maxrss * 1024
    }

    /// Durations in microseconds, memory in bytes.
    var json: JSONValue {
        var members: [(String, JSONValue)] = [
            ("events", .integer(Int64(clamping: result.appends.count))), ("size", .integer(Int64(clamping: size))),
            ("writers", .integer(Int64(writers))), ("eventsPerSecond", .integer(Int64(clamping: rate))),
            ("appendP50", Self.micros(result.appends.percentile(50))),
            ("appendP99", Self.micros(result.appends.percentile(99))),
            ("checkpointLag", Self.micros(result.lag)), ("opening", Self.micros(opening)),
            ("memory", .integer(Int64(memory))),
        ]
        if let disk {
            members += [
                ("fileSystem", .string(disk.fileSystem.name)),
                ("syncP50", Self.micros(disk.sync.percentile(50))),
                ("syncP99", Self.micros(disk.sync.percentile(99))),
                ("warnings", .array(disk.warnings.map(JSONValue.string))),
            ]
        }
        return .object(JSONObject(members))
    }

    /// The same in lines.
    var lines: [String] {
        var lines = [
            "events      \(result.appends.count) by \(writers) writer\(writers == 1 ? "" : "s"), \(rate) a second",
            "append      p50 \(Self.text(result.appends.percentile(50))), p99 \(Self.text(result.appends.percentile(99)))",
            "checkpoint  of \(size) entries, published; it was at most \(Self.text(result.lag)) behind",
            "opened in   \(Self.text(opening))",
            "memory      \(memory >> 20) MiB at most",
        ]
        if let disk {
            let sync = "p50 \(Self.text(disk.sync.percentile(50))), p99 \(Self.text(disk.sync.percentile(99)))"
            lines.append("disk        \(disk.fileSystem.name), fdatasync \(sync)")
        }
        return lines
    }

    private static func micros(_ nanoseconds: UInt64) -> JSONValue { .integer(Int64(clamping: nanoseconds / 1000)) }

    private static func text(_ nanoseconds: UInt64) -> String {
        let hundredths = nanoseconds / 10_000
        return "\(hundredths / 100).\(hundredths % 100 < 10 ? "0" : "")\(hundredths % 100) ms"
    }
}
