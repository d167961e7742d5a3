internal import ArgumentParser

/// A size on the command line: `512K`, `256M`, `2G`, or plain bytes.
package struct ByteSize: ExpressibleByArgument, CustomStringConvertible {
    /// The size in bytes.
    package let bytes: UInt64

    package init(bytes: UInt64) { self.bytes = bytes }

    package init?(argument: String) {
        let units: [Character: UInt64] = ["K": 1 << 10, "M": 1 << 20, "G": 1 << 30]
        let unit = argument.last.flatMap { units[$0] }
        guard let number = UInt64(unit == nil ? argument[...] : argument.dropLast()), number > 0 else { return nil }
        let (bytes, overflow) = number.multipliedReportingOverflow(by: unit ?? 1)
        guard !overflow else { return nil }
        self.bytes = bytes
    }

    package var description: String {
        for (shift, unit) in [(30, "G"), (20, "M"), (10, "K")] where bytes.isMultiple(of: 1 << UInt64(shift)) {
            return "\(bytes >> UInt64(shift))\(unit)"
        }
        return String(bytes)
    }

    package var defaultValueDescription: String { description }
}

/// A duration on the command line: `500ms`, `10s`, `5m`, `1h`.
package struct WallTime: ExpressibleByArgument {
    /// The duration in milliseconds.
    package let milliseconds: UInt64

    package init?(argument: String) {
        for (suffix, factor) in [("ms", UInt64(1)), ("s", 1000), ("m", 60_000), ("h", 3_600_000)]
        where argument.hasSuffix(suffix) {
            guard let number = UInt64(argument.dropLast(suffix.count)), number > 0, number < 1_000_000_000 else {
                continue
            }
            milliseconds = number * factor
            return
        }
        return nil
    }
}

/// A number of processors with at most three decimals: `2`, `0.5`.
package struct ProcessorShare: ExpressibleByArgument {
    /// Thousandths of a processor.
    package let thousandths: UInt64

    package init(thousandths: UInt64) { self.thousandths = thousandths }

    package init?(argument: String) {
        let parts = argument.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count <= 2, let whole = UInt64(parts[0]), whole < 10_000 else { return nil }
        var value = whole * 1000
        if parts.count == 2 {
            guard (1...3).contains(parts[1].count), let digits = UInt64(parts[1]) else { return nil }
            value += digits * [100, 10, 1][parts[1].count - 1]
        }
        guard value > 0 else { return nil }
        thousandths = value
    }

    package var defaultValueDescription: String { "1" }
}
