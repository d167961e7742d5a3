internal import Glibc
internal import GloveboxCore
internal import GloveboxLinux

/// The user that a companion of the supervisor runs as, when the supervisor is root.
enum CompanionUser: String {
    case broker = "glovebox-broker"

    /// The account of that name, or, where there is none, a number above any account and below those of jails.
    private var number: UInt32 {
        if let account = unsafe getpwnam(rawValue) { return unsafe account.pointee.pw_uid }
        switch self {
        case .broker: return 0x6fff_ff01
        }
    }

    /// Gives a directory with its files to the user; without root, or where the number is not mapped, it stays ours.
    ///
    /// - Throws: `storage.write`.
    func own(_ directory: String) throws(GloveboxError) {
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
