/// What a jail may use.
///
/// Sizes in bytes.
package struct JailLimits: Sendable, Equatable {
    /// Memory of all processes with tmpfs pages; swap is off.
    package var memory: UInt64 = 2 << 30
    /// Processes and threads.
    package var processes: UInt64 = 128
    /// Processors, in thousandths of one.
    package var milliCPUs: UInt64 = 1000
    /// Bytes a second from and to each disk; 0 means none.
    package var diskRate: UInt64 = 0
    /// Wall clock, in milliseconds; 0 means none.
    package var wallMilliseconds: UInt64 = 900_000
    /// From the SIGTERM at the wall-clock limit to the end, in milliseconds; 0 ends the jail at the limit.
    package var graceMilliseconds: UInt64 = 0
    /// Processor time of all processes together, in seconds; 0 means none.
    ///
    /// Without a control group, of one process.
    package var cpuSeconds: UInt64 = 600
    /// Content of `/out`.
    package var outputBytes: UInt64 = 64 << 20
    /// Files in `/out`.
    package var outputFiles: UInt64 = 1000
    /// Content of `/tmp`.
    package var scratchBytes: UInt64 = 1 << 30
    /// Files in `/tmp`.
    package var scratchFiles: UInt64 = 10_000
    /// Open descriptors of one process.
    package var openFiles: UInt64 = 1024
    /// Stack of a thread.
    package var stackBytes: UInt64 = 8 << 20
    /// Captured stdout.
    package var outBytes: UInt64 = 1 << 20
    /// Captured stderr.
    package var errorBytes: UInt64 = 64 << 10

    /// The defaults.
    package init() {}
}
