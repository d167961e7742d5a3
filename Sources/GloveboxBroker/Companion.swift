internal import Glibc
internal import GloveboxCore
internal import GloveboxLinux

/// A companion of the supervisor: a process of its own, and the socket on which it answers one call after the other.
///
/// It is told nothing by its arguments or its environment. Descriptor 0 is the socket, descriptor 3 its own directory.
struct Companion: Sendable {
    let process: LaunchedProcess
    private let socket: FramedSocket

    /// Starts the program in the directory whose owner it becomes; `timeout` in seconds is for each answer.
    static func start(
        _ program: String,
        arguments: [String],
        directory: String,
        timeout: Int
    ) throws(SyscallError) -> Companion {
        let (ours, theirs) = try Descriptor.socketPair(stream: true)
        try ours.setTimeout(seconds: timeout)
        let process = try LaunchedProcess.start(
            program,
            arguments: arguments,
            environment: ["PATH=/usr/bin:/bin", "LANG=C.UTF-8"] + libraries,
            descriptors: [
                theirs, try Descriptor.open("/dev/null", O_WRONLY), Descriptor.standardError(),
                try Descriptor.open(directory, O_RDONLY | O_DIRECTORY | O_NOFOLLOW),
            ]
        )
        return Companion(process: process, socket: FramedSocket(ours))
    }

    /// One call and its answer, or the companion's refusal.
    ///
    /// - Throws: when it ended or does not answer in time; it must then be ended.
    func ask(_ call: JSONValue) throws(SyscallError) -> Result<JSONValue, GloveboxError> {
        try socket.send(CanonicalJSON.encode(call))
        guard let message = try socket.receive() else { throw SyscallError("recv", EPIPE) }
        do throws(GloveboxError) {
            var fields = try JSONFields(JSONReader.read(message), at: "answer")
            if let value = fields.optional("ok") { return .success(value) }
            var refusal = try fields.nested("refused")
            let (code, text) = (try refusal.string("code"), try refusal.string("message"))
            return .failure(GloveboxError(code, text, hint: refusal.optional("hint")?.string))
        } catch { return .failure(error) }
    }

    /// Ends it.
    func end() {
        process.kill()
        do { _ = try process.wait() } catch {}  // somebody else's wait took it; it is gone all the same
    }

    /// Where the toolchain's libraries are, when the daemon was started with a path to them.
    private static var libraries: [String] {
        guard let path = unsafe getenv("LD_LIBRARY_PATH") else { return [] }
        return ["LD_LIBRARY_PATH=" + (unsafe String(cString: path))]
    }
}
