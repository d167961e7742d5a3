internal import Glibc
internal import GloveboxCore
internal import GloveboxJail
internal import GloveboxLinux
internal import Synchronization

/// Turns the options of `jail run` into a specification, runs it, and reports.
package struct JailDoor {
    private let options: JailRunCommand
    /// The jail that is made while the options are read.
    private static let ahead = Mutex<JailReserve?>(nil)

    init(_ options: JailRunCommand) { self.options = options }

    /// Begins to make the jail for these arguments, unless it shall show paths of the host, or help is all that is asked for.
    package static func prepare(for arguments: [String]) {
        let options = arguments.prefix { $0 != "--" }
        guard !options.contains(where: { $0.hasPrefix("--bind-ro") || $0 == "--help" || $0 == "-h" }) else { return }
        do {
            let jails = try JailReserve.single(launcher: Programs.sibling("glovebox-jail"))
            ahead.withLock { $0 = jails }
        } catch {}  // tried again, and told, once the options are known
    }

    /// Takes away what was made and not used; before the process ends, whatever ends it.
    package static func close() { ahead.withLock { $0 }?.close() }

    /// Runs; the exit status to leave with.
    func run() throws(GloveboxError) -> Int32 {
        var specification = JailSpecification(
            root: try .named(options.rootfs),
            arguments: options.command,
            profile: try ShippedProfiles.named(options.profile)
        )
        specification.environment = try environment()
        specification.binds = try binds()
        if options.fixed.isOn {
            specification.deterministic = try Deterministic(seed: options.fixed.seed, clock: options.fixed.clock.time)
        }
        specification.limits.memory = options.memory.bytes
        specification.limits.processes = options.pids
        specification.limits.milliCPUs = options.cpus.thousandths
        specification.limits.diskRate = options.diskRate?.bytes ?? 0
        specification.limits.wallMilliseconds = options.wall?.milliseconds ?? 0
        specification.limits.graceMilliseconds = options.grace?.milliseconds ?? 0
        specification.isolatedCache = options.isolatedCache
        specification.limits.cpuSeconds = 0
        specification.limits.outBytes = options.stdoutLimit.bytes
        specification.limits.errorBytes = options.stderrLimit.bytes
        var target: OutputDirectory?
        if let out = options.out { target = try OutputDirectory(creating: out) }
        var hooks = JailRun.Hooks()
        // What we say on stderr starts on a line of its own, whatever the command left there.
        let isMidLine = Mutex(false)
        let (out, error) = (StreamForwarder(to: 1), StreamForwarder(to: 2))
        hooks.hasRoom = { out.hasRoom && error.hasRoom }
        hooks.output = { bytes, isError in
            (isError ? error : out).add(bytes)
            if isError { isMidLine.withLock { $0 = bytes.last != UInt8(ascii: "\n") } }
        }
        let reserve: JailReserve
        if let made = Self.ahead.withLock({ $0 }) {
            reserve = made
        } else {
            reserve = try JailReserve(launcher: Programs.sibling("glovebox-jail"), count: 0)
        }
        let result = try JailRun(reserve: reserve).run(specification, hooks: hooks)
        reserve.close()
        out.finish()
        error.finish()
        if let target, let output = result.output { try target.receive(output) }
        if isMidLine.withLock({ $0 }) { JailReportText.write("\n", to: 2) }
        report(result)
        return result.exitStatus
    }

    private func report(_ result: JailResult) {
        if options.json {
            let line = CanonicalJSON.encode(JailReportText.json(result)) + [10]
            JailReportText.write(line, to: options.jsonDescriptor)
        } else {
            for line in JailReportText.lines(result, limits: options) { JailReportText.write(line + "\n", to: 2) }
        }
    }

    private func binds() throws(GloveboxError) -> [JailSpecification.Bind] {
        var binds: [JailSpecification.Bind] = []
        for text in options.binds {
            let parts = text.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
            guard parts.count == 2, parts[1].hasPrefix("/"), !parts[1].split(separator: "/").contains("..") else {
                throw GloveboxError(
                    "jail.bind",
                    "--bind-ro takes SRC:DST with an absolute DST, not \(Display.escape(text))"
                )
            }
            binds.append(JailSpecification.Bind(source: try HostPath.absolute(parts[0]), target: parts[1]))
        }
        return binds
    }

    private func environment() throws(GloveboxError) -> [String: String] {
        var variables = ["PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": "/tmp", "LANG": "C.UTF-8"]
        for text in options.environment {
            let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            guard parts.count == 2, !parts[0].isEmpty else {
                throw GloveboxError("jail.environment", "--env takes NAME=VALUE, not \(Display.escape(text))")
            }
            variables[parts[0]] = parts[1]
        }
        return variables
    }
}
