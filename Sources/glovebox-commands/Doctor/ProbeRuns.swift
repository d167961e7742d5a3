import Glibc
import GloveboxCore
import GloveboxJail
import GloveboxLinux
import GloveboxLocalCommands

/// Runs this program as its own probe, in jails and outside.
struct ProbeRuns {
    /// A run in a jail.
    struct Inside {
        let result: JailResult
        /// What it wrote to stdout and stderr, up to the limits.
        let output: String
        let error: String
    }

    /// A run without a jail.
    struct Outside {
        /// The wait status.
        let status: Int32
        let output: String
    }

    private let root: JailSpecification.Root
    private let runner: JailRun
    private let profile: SeccompProfile
    private let program: Descriptor
    private let libraries: [JailSpecification.Bind]

    /// Runs in jails with that root.
    init(root: JailSpecification.Root) throws(GloveboxError) {
        self.root = root
        runner = JailRun(launcher: try Programs.sibling("glovebox-jail"))
        profile = try ShippedProfiles.named("default")
        do { program = try Descriptor.open("/proc/self/exe", O_RDONLY) } catch { throw error.coded("jail.probe") }
        if case .directory("/") = root { libraries = [] } else { libraries = Self.libraryDirectories() }
    }

    /// Runs a probe in a jail whose specification `change` may alter.
    func inside(
        _ arguments: [String],
        _ change: (inout JailSpecification) -> Void = { _ in }
    ) throws(GloveboxError) -> Inside {
        var specification = JailSpecification(
            root: root,
            arguments: ["glovebox", "probe"] + arguments,
            profile: profile
        )
        specification.program = .descriptor(program)
        specification.binds = libraries
        specification.environment = Self.variables
        specification.limits.wallMilliseconds = 5000
        specification.limits.scratchBytes = 64 << 20
        change(&specification)
        var output: [UInt8] = []
        var error: [UInt8] = []
        var hooks = JailRun.Hooks()
        hooks.output = { bytes, isError in
            if isError { error += bytes } else { output += bytes }
        }
        let result = try runner.run(specification, hooks: hooks)
        return Inside(
            result: result,
            output: String(decoding: output, as: UTF8.self),
            error: String(decoding: error, as: UTF8.self)
        )
    }

    /// Runs a probe as a plain child, with `extra` as descriptor 3.
    func outside(_ arguments: [String], extra: Descriptor? = nil) throws(GloveboxError) -> Outside {
        do throws(SyscallError) {
            let pipe = try Descriptor.pipe()
            let null = try Descriptor.open("/dev/null", O_RDWR)
            let process = try LaunchedProcess.start(
                "/proc/self/exe",
                arguments: ["glovebox", "probe"] + arguments,
                environment: Self.variables.map { "\($0.key)=\($0.value)" },
                descriptors: [null, pipe.write, null] + (extra.map { [$0] } ?? [])
            )
            return try Self.collect(process, pipe.read)
        } catch { throw error.coded("jail.probe") }
    }

    /// Reads until the process is gone; a child it left behind may hold the pipe for longer.
    private static func collect(_ process: LaunchedProcess, _ pipe: Descriptor) throws(SyscallError) -> Outside {
        try pipe.setNonBlocking()
        var output: [UInt8] = []
        var status: Int32 = 0
        while true {
            let isGone = unsafe waitpid(process.pid, &status, WNOHANG) == process.pid
            while true {
                do {
                    let bytes = try pipe.read(upTo: 1 << 20)
                    if bytes.isEmpty { break }
                    output += bytes
                } catch { break }
            }
            if isGone { return Outside(status: status, output: String(decoding: output, as: UTF8.self)) }
            usleep(2000)
        }
    }

    /// Where the shared libraries of this program lie: another root need not have them.
    private static func libraryDirectories() -> [JailSpecification.Bind] {
        var directories: Set<String> = []
        for line in (HostText.read("/proc/self/maps") ?? "").split(separator: "\n") {
            guard let start = line.firstIndex(of: "/"), let slash = line.lastIndex(of: "/"), start < slash,
                line[slash...].contains(".so")
            else { continue }
            directories.insert(String(line[start..<slash]))
        }
        return directories.sorted().map { JailSpecification.Bind(source: $0, target: $0) }
    }

    private static var variables: [String: String] {
        Environment.variable("LD_LIBRARY_PATH").map { ["LD_LIBRARY_PATH": $0] } ?? [:]
    }
}
