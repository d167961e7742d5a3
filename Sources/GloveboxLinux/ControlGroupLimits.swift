/// Limits of a control group; nil leaves that resource alone.
package struct ControlGroupLimits: Sendable {
    /// Memory with tmpfs pages, swap off, in bytes.
    package var memory: UInt64?
    /// Processes and threads.
    package var processes: UInt64?
    /// Processors, in thousandths of one.
    package var milliCPUs: UInt64?
    /// Bytes a second read from each disk, and as many written to it.
    package var diskRate: UInt64?
    /// Whether the processor time of all processes is counted together, which takes a group more with version 1.
    package var countsProcessorTime: Bool

    /// Makes limits.
    package init(
        memory: UInt64? = nil,
        processes: UInt64? = nil,
        milliCPUs: UInt64? = nil,
        diskRate: UInt64? = nil,
        countsProcessorTime: Bool = false
    ) {
        self.memory = memory
        self.processes = processes
        self.milliCPUs = milliCPUs
        self.diskRate = diskRate
        self.countsProcessorTime = countsProcessorTime
    }
}
