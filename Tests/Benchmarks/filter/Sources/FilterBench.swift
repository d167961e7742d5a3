import Glibc
import GloveboxCore
import GloveboxDisclosure
import GloveboxPolicy
import GloveboxTables

/// The release filter without its jail.
///
/// `recompute DOCUMENTS DATA CLAIM` counts a file and decides on a claimed table, `decide TURNS` decides on a table of 500
/// rows; each prints one line of JSON.
@main struct FilterBench {
    static func main() throws {
        let arguments = CommandLine.arguments
        switch (arguments.dropFirst().first, arguments.count) {
        case ("recompute", 5): try recompute(arguments[2], arguments[3], arguments[4])
        case ("decide", 3): try decide(turns: Int(arguments[2]) ?? 1)
        default:
            print("usage: filter-bench recompute DOCUMENTS DATA CLAIM | filter-bench decide TURNS")
            exit(2)
        }
    }

    /// What the supervisor enforces beside the gate.
    static let capabilities = ReleaseGate.capabilities.union([
        "channel.exit_code", "channel.logs", "channel.release_tick", "channel.pad", "channel.max_runs_per_day",
        "check.row_leak", "decision.otherwise.review",
    ])

    private static func recompute(_ documents: String, _ data: String, _ claim: String) throws {
        func document(_ name: String) throws -> JSONValue { try JSONReader.read(bytes("\(documents)/\(name).json")) }
        let description = try DatasetDescription(document("schema"))
        let policy = try OutputPolicy(document("policy"))
        let inputPolicy = try InputPolicy(document("input"))
        let spec = try TableSpec(document("spec"))
        let claimed = Checker.parse(try bytes(claim), limits: .ceiling)
        let clock = ContinuousClock()
        var decision: Decision?
        let time = try clock.measure {
            decision = try ReleaseGate.decide(
                ReleaseGate.Request(
                    id: "bench",
                    policy: policy,
                    inputPolicy: inputPolicy,
                    table: FileRows(path: data, description: description),
                    spec: spec
                ),
                claim: claimed,
                past: .init(history: [], lineageKey: LineageKey([UInt8](repeating: 1, count: 32)), projectMillibits: 0),
                capabilities: capabilities
            )
        }
        let outcome = decision?.outcome.rawValue ?? ""
        print(#"{"seconds":\#(time.seconds),"outcome":"\#(outcome)","megabytes":\#(try peakMegabytes())}"#)
    }

    private static func decide(turns: Int) throws {
        let bench = try SmallTable()
        let clock = ContinuousClock()
        var times: [Double] = []
        var used: [Double] = []
        for _ in 0..<turns {
            let before = processorSeconds
            times.append(try clock.measure { try bench.decide() }.seconds)
            used.append(processorSeconds - before)
        }
        func median(_ all: [Double]) -> Double { all.sorted()[turns / 2] * 1000 }
        print(#"{"milliseconds":\#(median(times)),"processor":\#(median(used)),"rows":\#(bench.rows)}"#)
    }

    // What this process has used of the processors; it does not grow when others run.
    private static var processorSeconds: Double {
        var time = timespec()
        guard unsafe clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time) == 0 else { return .nan }
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }

    static func bytes(_ path: String) throws -> [UInt8] {
        var all: [UInt8] = []
        try read(path) { all += $0 }
        return all
    }

    static func read(_ path: String, _ take: ([UInt8]) throws(GloveboxError) -> Void) throws(GloveboxError) {
        let file = unsafe open(path, O_RDONLY)
        guard file >= 0 else { throw GloveboxError("bench.file", "cannot open \(path)") }
        defer { close(file) }
        while true {
            let chunk = unsafe [UInt8](unsafeUninitializedCapacity: 1 << 20) { buffer, count in
                count = unsafe max(0, Glibc.read(file, buffer.baseAddress, buffer.count))
            }
            if chunk.isEmpty { return }
            try take(chunk)
        }
    }

    // Greatest resident size so far.
    private static func peakMegabytes() throws -> Int {
        let status = String(decoding: try bytes("/proc/self/status"), as: UTF8.self)
        let line = status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") } ?? ""
        return (Int(line.split(separator: " ").dropLast().last ?? "") ?? 0) / 1024
    }
}

/// A file that is counted as it is read, as the supervisor does it.
struct FileRows: RowSource {
    let path: String
    let description: DatasetDescription

    func rows(_ take: (RowBlock) throws(GloveboxError) -> Void) throws(GloveboxError) -> Int {
        var importer = DatasetImporter(description)
        try FilterBench.read(path) { (chunk) throws(GloveboxError) in
            try importer.feed(chunk)
            try take(importer.takeRows())
        }
        let count = try importer.end()
        try take(importer.takeRows())
        return count
    }
}

extension Duration {
    /// Seconds.
    var seconds: Double { Double(components.seconds) + Double(components.attoseconds) / 1e18 }
}
