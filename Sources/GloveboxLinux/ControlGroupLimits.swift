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

    /// Makes limits.
    package init(
        memory: UInt64? = nil,
        processes: UInt64? = nil,
        milliCPUs: UInt64? = nil,
        diskRate: UInt64? = nil
    ) {
        self.memory = memory
        self.processes = processes
        self.milliCPUs = milliCPUs
        self.diskRate = diskRate
    }
}
