package import GloveboxCore

/// Limits that a plan asks for; nil takes the site's default.
///
/// The names are those of the plan.
package struct RequestedLimits: APIValue {
    /// Processor seconds.
    package let cpuSeconds: UInt64?
    /// Seconds by the clock.
    package let wallSeconds: UInt64?
    /// Memory in bytes.
    package let memoryBytes: UInt64?
    /// Processes and threads.
    package let pids: UInt64?
    /// Scratch and outputs in bytes.
    package let diskBytes: UInt64?
    /// Files in scratch and outputs.
    package let files: UInt64?
    /// Whole processors.
    package let processors: UInt64?

    /// Asks for limits.
    package init(
        cpuSeconds: UInt64? = nil,
        wallSeconds: UInt64? = nil,
        memoryBytes: UInt64? = nil,
        pids: UInt64? = nil,
        diskBytes: UInt64? = nil,
        files: UInt64? = nil,
        processors: UInt64? = nil
    ) {
        self.cpuSeconds = cpuSeconds
        self.wallSeconds = wallSeconds
        self.memoryBytes = memoryBytes
        self.pids = pids
        self.diskBytes = diskBytes
        self.files = files
        self.processors = processors
    }

    package init(json: JSONValue) throws(GloveboxError) {
        var fields = try JSONFields(json, at: "limits")
        self.cpuSeconds = try fields.optionalDecimal("cpuSeconds")
        self.wallSeconds = try fields.optionalDecimal("wallSeconds")
        self.memoryBytes = try fields.optionalDecimal("memoryBytes")
        self.pids = try fields.optionalDecimal("pids")
        self.diskBytes = try fields.optionalDecimal("diskBytes")
        self.files = try fields.optionalDecimal("files")
        self.processors = try fields.optionalDecimal("processors")
        try fields.finish()
    }

    /// Each limit asked for, by its name in the plan.
    package var named: [(name: String, value: UInt64)] {
        let all: [(String, UInt64?)] = [
            ("cpuSeconds", cpuSeconds), ("wallSeconds", wallSeconds), ("memoryBytes", memoryBytes), ("pids", pids),
            ("diskBytes", diskBytes), ("files", files), ("processors", processors),
        ]
        return all.compactMap { name, value in value.map { (name, $0) } }
    }

    package var json: JSONValue {
        .object(JSONObject(named.map { ($0.name, .string(String($0.value))) }))
    }
}
