/// What launcher and supervisor say to each other over the control socket.
///
/// One message is one packet: a kind byte, then the body.
package enum JailMessage {
    /// Supervisor to init: the plan comes with this message, and after it each descriptor that the plan names.
    package static let plan: UInt8 = 1
    /// Supervisor: the jail's first process may be born; its control group of version 2 comes with this message where
    /// there is one.
    ///
    /// Body: ``JailBirth``.
    package static let birth: UInt8 = 2
    /// Init: the exported directories come with this message.
    package static let staged: UInt8 = 3
    /// Supervisor: the directories are filled.
    package static let filled: UInt8 = 4
    /// Launcher to init: the ids are mapped.
    package static let mapped: UInt8 = 6
    /// Init to launcher: how long the program may run.
    ///
    /// Body: wall-clock limit and grace in milliseconds (64 bits each); 0 means none.
    package static let time: UInt8 = 14
    /// Init to launcher, where the plan grants a grace: the workload's pidfd comes with this message.
    package static let workload: UInt8 = 13
    /// Workload, filter loaded and before exec: what the kernel says of it, and may it go on.
    ///
    /// Body: for each source its byte, the length of its text (32 bits), the text. The listener for refused calls comes with
    /// it where the plan has them told, then the file of the program where the plan asks for it and the file can be read.
    package static let ready: UInt8 = 7
    /// Supervisor: execute the program.
    package static let execute: UInt8 = 8
    /// Init: the workload ended.
    ///
    /// Body: wait status (32 bits), user and system time in microseconds (64 bits each), greatest resident set in bytes
    /// (64 bits).
    package static let ended: UInt8 = 9
    /// Anyone: a step failed.
    ///
    /// Body: step (32 bits), errno (32 bits).
    package static let failed: UInt8 = 10
    /// Launcher: the wall-clock limit was reached, and the jail killed or the workload asked to end.
    package static let expired: UInt8 = 11
    /// Launcher: the jail's first process is born; its pidfd comes with this message, its mount namespace where that can be
    /// opened, and under a birth with ``JailBirth/Options/privileged`` its network namespace last.
    ///
    /// The kernel takes a mount namespace apart when the last who holds it lets go, before anyone is told of a death; who
    /// holds it chooses the moment.
    package static let born: UInt8 = 12

    /// Supervisor to zygote: a launcher is wanted; its stdout, its stderr and its control socket come with this message.
    ///
    /// Body: 1 where its jails show no path of the host, else 0; then the launcher's name among the processes of the host, at
    /// most ``nameLimit`` bytes.
    package static let launch: UInt8 = 15
    /// Launcher out of a zygote, before anything else: its own pidfd comes with this message.
    package static let launched: UInt8 = 16

    /// Init to launcher, where the birth grants ids: it has taken them on, and the supervisor can reach what is theirs.
    package static let settled: UInt8 = 17
    /// Launcher: the ids that the birth grants cannot be had here.
    package static let unmapped: UInt8 = 18

    /// Most bytes of a process's name (`TASK_COMM_LEN` without the end).
    package static let nameLimit = 15

    /// Sources of a readback.
    package enum Source: UInt8, Sendable {
        /// `/proc/self/status`
        case status = 1
        /// `/proc/self/mountinfo`
        case mounts = 2
        /// `/proc/self/uid_map`
        case uidMap = 3
        /// Version of Landlock's interface that is in force, in decimal.
        case landlock = 4
        /// The personality in force, in decimal; told only where the plan sets one.
        case personality = 5
        /// `/proc/self/timens_offsets`
        case clocks = 6
        /// The links of `/proc/self/ns`, a line each.
        case namespaces = 7
        /// Path of the program that will be executed; told only where the plan asks for it.
        case program = 8
        /// `/proc/self/gid_map`
        case gidMap = 9
        /// `/proc/self/setgroups`
        case setgroups = 10
        /// `/proc/self/oom_score_adj`
        case oomScore = 11
        /// The resource limits, a line each: number, soft and hard limit in decimal.
        case limits = 12
        /// The secure bits, in decimal.
        case securebits = 13
        /// Whether init can be looked into (`PR_GET_DUMPABLE` of init), in decimal.
        case dumpable = 14
    }
}

/// Where the launcher failed; the supervisor turns it into words.
package enum JailFault: UInt32, Sendable {
    case plan = 1
    case groups, clone, idMap, controlGroup, propagation, assembly, root, hostname, identity, capabilities, limits
    case filter, readback, workload, directory, timeNamespace, keyring, landlock
    /// The program could not be executed.
    case execute
    /// A step of the plan: this value plus the step's index.
    case step = 1000
}
