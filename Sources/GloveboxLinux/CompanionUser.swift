internal import Glibc
package import GloveboxCore

/// The user that a companion of the supervisor runs as, when the supervisor is root.
package enum CompanionUser: String {
    case broker = "glovebox-broker"
    case signer = "glovebox-signer"

    /// Whether the host has an account of that name.
    package var hasAccount: Bool { unsafe getpwnam(rawValue) != nil }

    /// The account of that name, or, where there is none, a number above any account and below those of jails.
    package var number: UInt32 {
        if let account = unsafe getpwnam(rawValue) { return unsafe account.pointee.pw_uid }
        switch self {
        case .broker: return 0x6fff_ff01
        case .signer: return 0x6fff_ff02
        }
    }

    /// Whether the number is a user at all in the user namespace of this process.
    ///
    /// Source: user_namespaces(7), `/proc/PID/uid_map`.
    ///
    /// - Throws: `storage.read`.
    package var isMapped: Bool {
        get throws(GloveboxError) {
            let map: String
            do { map = try Kernel.readText("/proc/self/uid_map") } catch { throw error.coded("storage.read") }
            return map.split(separator: "\n").contains { line in
                let fields = line.split(separator: " ").compactMap { UInt64($0) }
                return fields.count == 3 && UInt64(number) >= fields[0] && UInt64(number) - fields[0] < fields[2]
            }
        }
    }

    /// Gives a directory with its files to the user; without root, or where the number is not mapped, it stays ours.
    ///
    /// - Throws: `storage.write`.
    package func own(_ directory: String) throws(GloveboxError) {
        guard geteuid() == 0 else { return }
        do throws(SyscallError) {
            // The directory first: when its owner cannot be set, nothing is changed.
            guard unsafe lchown(directory, number, number) == 0 else {
                if errno == EINVAL { return }
                throw SyscallError("lchown", errno, directory)
            }
            for name in try Descriptor.open(directory, O_RDONLY | O_DIRECTORY).names() {
                let path = directory + "/" + String(decoding: name, as: UTF8.self)
                guard unsafe lchown(path, number, number) == 0 else { throw SyscallError("lchown", errno, path) }
            }
        } catch { throw error.coded("storage.write") }
    }
}
