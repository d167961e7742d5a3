import Glibc
import GloveboxLinux
import GloveboxLocalCommands

/// Attempts to use more of something than a jail gives; each stops by itself, so that it is harmless outside.
enum Flood: String {
    case processes
    case memory
    case bytes
    case files
    case stream

    /// What is counted.
    var unit: String {
        switch self {
        case .processes: "processes"
        case .memory, .bytes, .stream: "MiB"
        case .files: "files"
        }
    }

    /// How far it goes.
    var bound: Int {
        switch self {
        case .processes: 48
        case .memory: 320
        case .bytes: 16
        case .files: 400
        case .stream: 8
        }
    }

    /// Goes on until it is stopped or the bound is reached; how far it came, and the error number, 0 at the bound.
    func run(in directory: String) -> (count: Int, error: Int) {
        var started: [Int] = []
        defer {
            for pid in started {
                kill(pid_t(truncatingIfNeeded: pid), SIGKILL)
                _ = SystemCall.wait(pid)  // a dead child counts until then
            }
        }
        let block = [UInt8](repeating: 0x67, count: 1 << 20)
        let path = directory + "/flood"
        var file: Descriptor?
        defer { unsafe unlink(path) }
        do {
            if self == .bytes { file = try Descriptor.open(path, O_WRONLY | O_CREAT | O_EXCL) }
        } catch { return (0, Int(error.errno)) }
        for count in 0..<bound {
            do throws(SyscallError) {
                switch self {
                case .processes: started.append(try Self.sleeper())
                case .memory: try Self.touch(1 << 20)
                case .bytes: try file?.write(block)
                case .files: _ = try Descriptor.open("\(path)-\(count)", O_WRONLY | O_CREAT | O_EXCL)
                case .stream: JailReportText.write(block, to: 1)
                }
            } catch { return (count, Int(error.errno)) }
        }
        return (bound, 0)
    }

    /// A child that sleeps for five seconds, unless it is killed.
    private static func sleeper() throws(SyscallError) -> Int {
        guard let poll = SeccompFilter.number(of: "poll") else { throw SyscallError("poll", ENOSYS) }
        return try Kernel.value(SystemCall.child(numbers: [poll], 0, 0, 5000), "clone")
    }

    /// Takes memory and makes the kernel fill it.
    private static func touch(_ size: Int) throws(SyscallError) {
        // PROT_READ | PROT_WRITE; MAP_PRIVATE | MAP_ANONYMOUS
        let area = try Kernel.value(SystemCall.make("mmap", 0, size, 3, 0x22, -1), "mmap")
        let zero = try Descriptor.open("/dev/zero", O_RDONLY)
        _ = try Kernel.value(SystemCall.make("read", Int(zero.raw), area, size), "read")
    }
}
