internal import Glibc

/// The pages of the program's own code in memory.
package enum ProgramPages {
    /// Gives back the code that ran, such as at the start: most of a daemon's resident memory.
    ///
    /// The pages are clean copies of the program's file. Whatever runs again is mapped anew, mostly from the page cache.
    /// Pages that were written to, such as relocations, are left alone. Source: madvise(2), proc_pid_maps(5).
    ///
    /// - Throws: what reading the maps or `madvise` fails with.
    package static func release() throws(SyscallError) {
        guard let program = unsafe realpath("/proc/self/exe", nil) else {
            throw SyscallError("realpath", errno, "/proc/self/exe")
        }
        defer { unsafe free(program) }
        let path = unsafe String(cString: program)
        for line in try Kernel.readText("/proc/self/maps").split(separator: "\n") {
            guard let range = code(of: path, in: line) else { continue }
            let start = unsafe UnsafeMutableRawPointer(bitPattern: range.lowerBound)
            guard unsafe madvise(start, Int(range.count), MADV_DONTNEED) == 0 else {
                throw SyscallError("madvise", errno, path)
            }
        }
    }

    /// The addresses of a mapping, when it is executable code of that file which nobody can write to.
    static func code(of path: String, in line: Substring) -> Range<UInt>? {
        let fields = line.split(separator: " ", maxSplits: 5, omittingEmptySubsequences: true)
        guard fields.count == 6, fields[1] == "r-xp", fields[5].drop(while: { $0 == " " }) == path else { return nil }
        let ends = fields[0].split(separator: "-").compactMap { UInt($0, radix: 16) }
        guard ends.count == 2, ends[0] < ends[1], ends[0] > 0 else { return nil }
        return ends[0]..<ends[1]
    }
}
