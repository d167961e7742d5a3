import Glibc
import GloveboxLinux

/// Child processes as the kernel lists them.
enum Children {
    /// The children of all threads of a process; none when it is gone.
    static func of(_ pid: Int32) -> [Int32] {
        let tasks: [[UInt8]]
        do { tasks = try Descriptor.open("/proc/\(pid)/task", O_RDONLY | O_DIRECTORY).names() } catch { return [] }
        return tasks.flatMap { task -> [Int32] in
            do {
                let path = "/proc/\(pid)/task/\(String(decoding: task, as: UTF8.self))/children"
                return try Kernel.readText(path).split(separator: " ").compactMap { Int32($0) }
            } catch { return [] }
        }
    }

    /// Kills a process if it is still a child of that parent; true when the signal was sent.
    static func kill(_ pid: Int32, of parent: Int32) -> Bool {
        let process = Kernel.call(Leftovers.Number.openProcess, Int(pid), 0)
        guard process >= 0 else { return false }
        let held = Descriptor(owning: Int32(process))
        // The number may have been another process's when it was read; what is held now is not exchanged any more.
        guard of(parent).contains(pid) else { return false }
        return Kernel.call(Leftovers.Number.signalProcess, Int(held.raw), Int(SIGKILL)) == 0
    }
}
