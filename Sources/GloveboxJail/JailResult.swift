package import GloveboxLinux

/// How a run ended.
///
/// The ends are told apart by the supervisor's own evidence, not by what the program returned.
package struct JailResult: Sendable {
    /// Class of the end.
    package enum End: Sendable, Equatable {
        /// The program ended by itself with this status.
        case exited(Int32)
        /// A signal ended it.
        case signalled(Int32)
        /// The wall-clock limit ended it.
        case wallClock
        /// The kernel killed it for memory.
        case memory
        /// The processor time of all its processes together reached the limit, by the kernel's own count.
        case processorTime
        /// `/out` is full, in bytes or in files, and the program did not end well.
        case outputLimit
        /// The caller asked for the end.
        case cancelled
        /// There is no such program.
        case notFound
        /// The program is not executable.
        case notExecutable
    }

    /// Something the program tried and was refused.
    package struct Denied: Sendable, Equatable {
        /// The system call.
        package let call: String
        /// Class of its argument, such as `AF_INET`; empty when there is none to tell.
        package let argument: String
        /// The rule that refuses it.
        package let rule: String
        /// How often.
        package var count: UInt64
        /// When it was first tried, in tenths of a second after the start.
        package let first: UInt64

        /// The line that tells it: `socket(AF_INET) denied: no-network (3×), first at 0.4 s`.
        package var text: String {
            let what = argument.isEmpty ? call : "\(call)(\(argument))"
            return "\(what) denied: \(rule) (\(count)×), first at \(first / 10).\(first % 10) s"
        }
    }

    package var end: End
    /// Processor time of all processes, or, where no control group counts it, of the program and the children it waited
    /// for; in microseconds.
    package var cpuMicroseconds: UInt64
    /// From the program's start to its end, in milliseconds.
    package var wallMilliseconds: UInt64
    /// Greatest memory of the jail in bytes.
    package var peakMemory: UInt64
    /// Where ``peakMemory`` comes from: the group's own account, or the largest process alone.
    package var peakMemoryOfGroup: Bool
    /// What was refused, at most 64 kinds.
    package var denied: [Denied]
    /// How often a process or thread was refused for the limit.
    package var processLimitHits: UInt64
    /// Refusals of kinds beyond the table.
    package var suppressed: UInt64
    /// Bytes written to stdout and stderr, with those beyond the cap.
    package var streamBytes: (out: UInt64, error: UInt64)
    /// What protects the jail on this host.
    package var protections: JailProtections
    /// The kernel's own account of the program before its first instruction.
    package var readback: JailReadback
    /// What was held fixed; nil when nothing was asked to be.
    package var deterministic: Deterministic.Account?
    /// What another machine signed of this run; nil when the jail was this machine's.
    package var statement: RemoteStatement?
    /// The frozen `/out`, readable when the last process is dead; nil when there is none.
    package var output: Descriptor?

    /// The status a shell would show: 0–255, 128+n for a signal, 124 wall clock, 137 memory,
    /// 152 processor time, 153 output limit, 126 and 127 as in a shell.
    package var exitStatus: Int32 {
        switch end {
        case .exited(let status): status
        case .signalled(let signal): 128 + signal
        case .wallClock: 124
        case .memory, .cancelled: 137
        case .processorTime: 152
        case .outputLimit: 153
        case .notExecutable: 126
        case .notFound: 127
        }
    }
}
