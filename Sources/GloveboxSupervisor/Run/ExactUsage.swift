internal import GloveboxAttestation
internal import GloveboxJail

/// What a run used, as the kernel counted it.
struct ExactUsage: Sendable {
    /// Processor time, in seconds, rounded down.
    let cpuSeconds: UInt64
    /// From the program's start to its end, in seconds, rounded down.
    let wallSeconds: UInt64
    /// Greatest memory, in bytes.
    let memory: UInt64

    /// States amounts.
    init(_ cpuSeconds: UInt64, _ wallSeconds: UInt64, _ memory: UInt64) {
        (self.cpuSeconds, self.wallSeconds, self.memory) = (cpuSeconds, wallSeconds, memory)
    }

    /// Takes them from a jail's end.
    init(_ result: JailResult) {
        self.init(result.cpuMicroseconds / 1_000_000, result.wallMilliseconds / 1000, result.peakMemory)
    }

    /// The ranges that a report may tell.
    ///
    /// A run on private data tells nothing: how it ended, how long it ran and how much it took are things through which a
    /// program could speak, be it by passing a limit. A run on a mock tells the power of ten.
    func report(mode: Manifest.Mode, exit: String?) -> Report.Usage {
        switch mode {
        case .real: Report.Usage()
        case .mock:
            Report.Usage(
                exitCode: exit,
                cpuBucket: Self.decade(cpuSeconds, "s"),
                rssBucket: Self.decade(memory, "B"),
                wallBucket: Self.decade(wallSeconds, "s")
            )
        }
    }

    private static func decade(_ value: UInt64, _ unit: String) -> String {
        var (low, high): (UInt64, UInt64) = (0, 1)
        while high <= value, case let next = high.multipliedReportingOverflow(by: 10), !next.overflow {
            (low, high) = (high, next.partialValue)
        }
        return "\(low)\(unit)-\(high)\(unit)"
    }
}
