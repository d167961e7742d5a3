internal import Glibc
internal import GloveboxAPI
internal import GloveboxCore
internal import GloveboxLinux

/// The unix socket as a file: only its owner may reach it.
struct SocketFile: Sendable {
    /// Absolute path.
    let path: String

    /// Names a socket.
    ///
    /// - Throws: `config.invalid`.
    init(path: String) throws(GloveboxError) {
        guard path.utf8.first == UInt8(ascii: "/"), path.utf8.count <= ServerAddress.longest, !path.utf8.contains(0)
        else {
            throw GloveboxError(
                "config.invalid",
                "the socket's path must be absolute and have at most \(ServerAddress.longest) bytes",
                hint: "Use a state directory with a shorter path."
            )
        }
        self.path = path
    }

    /// Checks the directory and removes a socket that nobody serves any more.
    ///
    /// - Throws: `config.invalid` for an open directory or for something in the socket's place; `server.running`.
    func prepare() throws(GloveboxError) {
        let directory = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? ""
        let place: FileStatus
        do { place = try FileStatus.of(directory.isEmpty ? "/" : directory) } catch {
            throw GloveboxError("config.invalid", "there is no directory \(Display.escape(directory)) for the socket")
        }
        guard place.user == geteuid(), place.permissions & 0o077 == 0 else {
            throw GloveboxError(
                "config.invalid",
                "others can enter \(Display.escape(directory)), where the socket shall be",
                hint: "Make it this user's own, with mode 0700."
            )
        }
        let known: FileStatus
        do { known = try FileStatus.of(path, followingLinks: false) } catch { return }
        guard known.isSocket else {
            throw GloveboxError("config.invalid", "\(Display.escape(path)) is there and is no socket")
        }
        guard !isServed() else {
            throw GloveboxError("server.running", "another gloveboxd serves \(Display.escape(path))")
        }
        remove()
    }

    /// Lets only the owner connect.
    ///
    /// - Throws: `config.invalid`.
    func protect() throws(GloveboxError) {
        guard unsafe chmod(path, 0o600) == 0 else {
            throw GloveboxError("config.invalid", "the mode of \(Display.escape(path)) cannot be set (errno \(errno))")
        }
    }

    /// Removes the socket.
    func remove() { unsafe unlink(path) }

    private func isServed() -> Bool {
        let descriptor = Glibc.socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return false }
        defer { Glibc.close(descriptor) }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        unsafe withUnsafeMutableBytes(of: &address.sun_path) { room in
            for (index, byte) in path.utf8.enumerated() where index < room.count - 1 { unsafe room[index] = byte }
        }
        let length = socklen_t(MemoryLayout<sockaddr_un>.size)
        return unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe connect(descriptor, $0, length) == 0
            }
        }
    }
}
