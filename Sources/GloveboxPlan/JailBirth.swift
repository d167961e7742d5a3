/// What the launcher is told before it gives birth to the jail's first process: all that can be made without a plan.
package struct JailBirth: Equatable, Sendable {
    /// Switches of a birth.
    package struct Options: OptionSet, Sendable {
        package let rawValue: UInt8
        package init(rawValue: UInt8) { self.rawValue = rawValue }

        /// The launcher may empty its groups (it runs as root).
        package static let privileged = Options(rawValue: 1)
        /// The mounts of the host are taken away at once: no step of the plan will name a path of the host.
        package static let leavesHost = Options(rawValue: 2)
        /// The maps name ids that the host grants an ordinary user, which its helpers map; where they do not, the launcher
        /// says ``JailMessage/unmapped`` and waits for another birth.
        package static let granted = Options(rawValue: 4)
        /// A network namespace comes with the message, after the control group: the jail is born in it where no socket of an
        /// earlier one is left there.
        ///
        /// Only with ``privileged``.
        package static let network = Options(rawValue: 8)
    }

    /// The workload's id in every jail.
    package static let workload: UInt32 = 1000
    /// The id inside of the user who started the jail, under a birth with ``Options/granted``: nobody in the jail has it.
    package static let starter: UInt32 = 65533

    /// Most bytes of the encoded form.
    package static let limit = 256

    /// Switches.
    package var options: Options = []
    /// Id of the jail's first process inside the user namespace.
    package var initID: UInt32 = 0
    /// Text for `/proc/PID/uid_map`.
    package var uidMap: [UInt8] = []
    /// Text for `/proc/PID/gid_map`.
    package var gidMap: [UInt8] = []

    /// A birth with nothing mapped.
    package init() {}

    /// The bytes the launcher reads.
    package var encoded: [UInt8] {
        var writer = PlanWriter()
        writer.integer(options.rawValue)
        writer.integer(initID)
        writer.string(uidMap)
        writer.string(gidMap)
        return writer.bytes
    }

    /// Reads it; nil when any byte is out of place, missing or left over.
    package init?(decoding bytes: [UInt8]) {
        var reader = PlanReader(bytes)
        options = Options(rawValue: reader.integer(UInt8.self))
        initID = reader.integer(UInt32.self)
        uidMap = reader.string()
        gidMap = reader.string()
        guard reader.atEnd, options.rawValue < 16 else { return nil }
    }
}
