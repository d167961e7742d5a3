internal import Glibc
internal import GloveboxCore
internal import GloveboxLinux

/// A program of the host, run with an argument list, never through a shell.
struct Tool {
    /// The directories programs are looked up in, whatever the caller's `PATH` says.
    static let path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

    private let name: String
    private let program: String

    /// Finds a program.
    ///
    /// - Throws: `image.tool-missing`.
    init(_ name: String) throws(GloveboxError) {
        for directory in Self.path.split(separator: ":") where unsafe access("\(directory)/\(name)", X_OK) == 0 {
            self.name = name
            self.program = "\(directory)/\(name)"
            return
        }
        throw GloveboxError(
            "image.tool-missing",
            "the program \(name) is not installed",
            hint: "On Debian: apt install mmdebstrap erofs-utils squashfs-tools."
        )
    }

    /// Runs it to its end; each line it prints goes to `progress`.
    ///
    /// - Parameters:
    ///   - arguments: what follows the program's name.
    ///   - environment: `NAME=value` on top of the fixed environment.
    ///   - progress: told every line.
    /// - Throws: `image.tool` with its last lines when it does not end with 0.
    func run(
        _ arguments: [String],
        environment: [String] = [],
        progress: (String) -> Void = { _ in }
    ) throws(GloveboxError) {
        var last: [String] = []
        let status: Int32
        do throws(SyscallError) {
            let (process, output) = try start(arguments, environment)
            do throws(SyscallError) {
                try Self.lines(of: output) { line in
                    last = last.suffix(9) + [line]
                    progress(line)
                }
            } catch {
                process.kill()
                _ = try process.wait()
                throw error
            }
            status = try process.wait()
        } catch {
            throw error.coded("image.tool")
        }
        guard status == 0 else {
            let end = status & 0x7f == 0 ? "ended with \(status >> 8 & 0xff)" : "was ended by signal \(status & 0x7f)"
            let hint = last.isEmpty ? nil : "It said last: \(last.joined(separator: " / "))"
            throw GloveboxError("image.tool", "\(name) \(end)", hint: hint)
        }
    }

    /// Removes a tree of ours, read-only directories and all.
    static func removeTree(_ path: String) throws(GloveboxError) {
        if geteuid() != 0 { try Tool("chmod").run(["-R", "u+rwX", "--", path]) }
        try Tool("rm").run(["-rf", "--", path])
    }

    /// Hands over each line as it comes, until all writers are gone.
    private static func lines(of output: Descriptor, _ take: (String) -> Void) throws(SyscallError) {
        var line: [UInt8] = []
        while true {
            let chunk = try output.read(upTo: 65536)
            for byte in chunk.isEmpty ? [UInt8(ascii: "\n")] : chunk {
                let isEnd = byte == UInt8(ascii: "\n") || byte == UInt8(ascii: "\r")
                if !isEnd { line.append(byte) }
                guard isEnd, !line.isEmpty else { continue }
                take(Display.escape(String(decoding: line, as: UTF8.self)))
                line = []
            }
            if chunk.isEmpty { return }
        }
    }

    /// The write end of the pipe is closed here once the child has it, so that reading ends with the child.
    private func start(
        _ arguments: [String],
        _ environment: [String]
    ) throws(SyscallError) -> (LaunchedProcess, Descriptor) {
        let input = try Descriptor.open("/dev/null", O_RDONLY)
        let (output, end) = try Descriptor.pipe()
        let process = try LaunchedProcess.start(
            program,
            arguments: [name] + arguments,
            environment: Self.environment() + environment,
            descriptors: [input, end, end]
        )
        return (process, output)
    }

    /// The fixed environment, and those of the caller's variables that say where to write and how to reach the net.
    private static func environment() -> [String] {
        var all = ["PATH=\(path)", "LC_ALL=C.UTF-8", "TZ=UTC"]
        for name in ["HOME", "TMPDIR", "USER", "http_proxy", "https_proxy", "no_proxy"] {
            guard let value = unsafe getenv(name) else { continue }
            all.append("\(name)=\(unsafe String(cString: value))")
        }
        return all
    }
}
