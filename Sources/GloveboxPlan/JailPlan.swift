/// What the launcher builds and runs: the supervisor writes it, the launcher reads it from a sealed descriptor.
///
/// All text is bytes without NUL. Paths that start with `/` name the host as the launcher's child sees it before the
/// root changes; other paths are relative to the assembly directory, in which `root` becomes the jail's `/`.
package struct JailPlan: Equatable, Sendable {
    /// One resource limit (`setrlimit`), soft and hard equal.
    package struct Limit: Equatable, Sendable {
        /// `RLIMIT_*`.
        package var resource: UInt32
        /// The limit in the resource's own unit.
        package var value: UInt64

        /// Makes a limit.
        package init(resource: UInt32, value: UInt64) {
            self.resource = resource
            self.value = value
        }
    }

    /// Switches of the plan.
    package struct Options: OptionSet, Sendable {
        package let rawValue: UInt32
        package init(rawValue: UInt32) { self.rawValue = rawValue }

        /// The launcher may set groups and map ids of other users (it runs as root).
        package static let privileged = Options(rawValue: 1)
        /// Refused system calls are told to the supervisor through a listener.
        package static let notify = Options(rawValue: 2)
        /// A time namespace with its clocks at zero.
        package static let timeNamespace = Options(rawValue: 4)
        /// The program is the descriptor `program`, not a path.
        package static let programByDescriptor = Options(rawValue: 8)
        /// Landlock, as far as the kernel has it; one without it fails.
        package static let landlock = Options(rawValue: 16)
        /// The workload's addresses are the same in each run (personality `ADDR_NO_RANDOMIZE`).
        package static let fixedAddresses = Options(rawValue: 32)
        /// The workload shows the supervisor the file of the program, to be measured.
        package static let showProgram = Options(rawValue: 64)
        /// The first of the plan's descriptors becomes the workload's standard input.
        package static let standardInput = Options(rawValue: 128)
    }

    /// Switches.
    package var options: Options = []
    /// The jail's host name.
    package var hostname: [UInt8] = []
    /// Id of the workload inside the user namespace.
    package var workloadID: UInt32 = 0
    /// Files `tasks` of the control groups of version 1 that the jail's init enters.
    package var tasks: [UInt32] = []
    /// Steps that assemble the root, in order.
    package var steps: [JailStep] = []
    /// The workload's working directory in the jail.
    package var directory: [UInt8] = []
    /// Paths of the program in the jail; the first that exists is executed.
    package var programs: [[UInt8]] = []
    /// Descriptor of the program when ``Options/programByDescriptor`` is set.
    package var programDescriptor: UInt32 = 0
    /// Argument vector, with the name of the program first.
    package var arguments: [[UInt8]] = []
    /// The whole environment, `NAME=value`.
    package var environment: [[UInt8]] = []
    /// Descriptors that stay open beside 0, 1 and 2; they become 3, 4, … in this order, after the standard input if there
    /// is one.
    package var descriptors: [UInt32] = []
    /// Directories of the jail in which Landlock lets the workload write.
    package var writable: [[UInt8]] = []
    /// Resource limits.
    package var limits: [Limit] = []
    /// The compiled seccomp program, loaded as these bytes.
    package var filter: [UInt8] = []
    /// Wall-clock limit in milliseconds; 0 means none.
    package var wallMilliseconds: UInt64 = 0
    /// From the SIGTERM at the wall-clock limit to the end, in milliseconds; 0 means no SIGTERM.
    package var graceMilliseconds: UInt64 = 0
    /// `oom_score_adj` of every process in the jail.
    package var oomScore: UInt32 = 0

    /// An empty plan.
    package init() {}
}
