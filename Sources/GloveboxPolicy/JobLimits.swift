package import GloveboxCore

/// Limits of one job, as a plan asks for them and as a processing policy caps them.
package struct JobLimits: DocumentSection {
    package let cpuSeconds: Int64
    package let wallSeconds: Int64
    package let memoryBytes: Int64
    package let pids: Int64
    package let diskBytes: Int64
    package let files: Int64
    /// Whole processors; the site's own room is their ceiling.
    package let processors: Int64

    /// Sets the limits.
    package init(
        cpuSeconds: Int64,
        wallSeconds: Int64,
        memoryBytes: Int64,
        pids: Int64,
        diskBytes: Int64,
        files: Int64,
        processors: Int64 = 1
    ) {
        self.cpuSeconds = cpuSeconds
        self.wallSeconds = wallSeconds
        self.memoryBytes = memoryBytes
        self.pids = pids
        self.diskBytes = diskBytes
        self.files = files
        self.processors = processors
    }

    /// Takes the ceilings of a processing policy.
    package init(_ fields: inout DocumentFields) throws(GloveboxError) {
        cpuSeconds = try fields.integer("max_cpu_seconds", 1...31_536_000, default: 14400)
        wallSeconds = try fields.integer("max_wall_seconds", 1...31_536_000, default: 14400)
        memoryBytes = try fields.integer("max_memory_bytes", 1_048_576...1_099_511_627_776, default: 8_589_934_592)
        pids = try fields.integer("max_pids", 1...32768, default: 512)
        diskBytes = try fields.integer("max_disk_bytes", 1_048_576...1_099_511_627_776, default: 8_589_934_592)
        files = try fields.integer("max_files", 1...10_000_000, default: 100_000)
        processors = .max
    }

    /// The limits in the order of the plan, with the names that plans use.
    package var named: [(name: String, value: Int64)] {
        [
            ("cpuSeconds", cpuSeconds), ("wallSeconds", wallSeconds), ("memoryBytes", memoryBytes), ("pids", pids),
            ("diskBytes", diskBytes), ("files", files),
        ]
    }
}
