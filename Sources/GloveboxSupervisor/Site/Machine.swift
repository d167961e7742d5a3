internal import Crypto
internal import Glibc
package import GloveboxCore
internal import GloveboxLinux

/// What only the running machine can say: time, randomness, and itself.
package enum Machine {
    /// The time of day.
    package static func now() -> Instant { SystemClock.now() }

    /// Bytes from the kernel's generator.
    package static func random(_ count: Int) -> [UInt8] {
        var generator = SystemRandomNumberGenerator()
        return (0..<count).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
    }

    /// A fresh identifier.
    package static func identifier(_ prefix: String) -> String {
        Identifier.make(prefix, at: now(), random: random(10))
    }

    /// SHA-256 of bytes.
    package static func sha256(_ bytes: [UInt8]) -> GloveboxCore.Digest {
        GloveboxCore.Digest(bytes: Array(SHA256.hash(data: bytes))) ?? .zero
    }

    /// SHA-256 of a file.
    package static func sha256(file path: String) throws(GloveboxError) -> GloveboxCore.Digest {
        do throws(SyscallError) {
            let file = try Descriptor.open(path, O_RDONLY)
            var hash = SHA256()
            while true {
                let chunk = try file.read(upTo: 1 << 20)
                if chunk.isEmpty { break }
                hash.update(data: chunk)
            }
            return GloveboxCore.Digest(bytes: Array(hash.finalize())) ?? .zero
        } catch { throw error.coded("storage.read") }
    }

    /// The text of a small file of the kernel; empty where there is none.
    static func text(_ path: String) -> String {
        do {
            var text = try Kernel.readText(path)
            while text.last?.isWhitespace == true { text.removeLast() }
            return text
        } catch { return "" }
    }

    /// How many processors are at work, at least one.
    package static var processors: Int { max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))) }

    /// Bytes of memory.
    static var memory: UInt64 { UInt64(max(1, sysconf(Int32(_SC_PHYS_PAGES)))) * UInt64(sysconf(Int32(_SC_PAGESIZE))) }

    /// Path of a program of this release, which stand side by side.
    package static func sibling(_ name: String) throws(GloveboxError) -> String {
        guard let own = unsafe realpath("/proc/self/exe", nil) else {
            throw SyscallError("realpath", errno, "/proc/self/exe").coded("internal")
        }
        defer { unsafe free(own) }
        let path = unsafe String(cString: own)
        guard let slash = path.lastIndex(of: "/") else { return name }
        return path[...slash] + name
    }
}
