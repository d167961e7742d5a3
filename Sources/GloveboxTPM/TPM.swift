internal import Glibc
internal import GloveboxAttestation
package import GloveboxCore
internal import GloveboxLinux
internal import Synchronization

/// A TPM 2.0: the device of a resource manager (`/dev/tpmrm0`), or the Unix socket of `swtpm`.
///
/// One command at a time; each family of commands has a file of its own. Source: TCG TPM 2.0 Library, part 3.
package final class TPM: Sendable {
    /// Whether the other end is `swtpm`.
    package let isEmulated: Bool
    private let link: Mutex<Descriptor>

    /// Opens a device or connects to a socket, and starts the TPM up where nobody did.
    ///
    /// - Throws: `tpm.unavailable`, `tpm.refused`.
    package init(path: String) throws(GloveboxError) {
        do throws(SyscallError) {
            isEmulated = try FileStatus.of(path).isSocket
            let descriptor: Descriptor
            if isEmulated {
                descriptor = try Self.connect(path)
            } else {
                descriptor = try Descriptor.open(path, O_RDWR)
            }
            link = Mutex(descriptor)
        } catch {
            throw error.coded("tpm.unavailable", hint: "Name a TPM 2.0 device such as /dev/tpmrm0, or swtpm.")
        }
        try startup()
        // What a supervisor that was killed left loaded would fill the three places there are.
        if isEmulated {
            // It dies with its supervisor, unannounced, and takes the third time for a guess at a password.
            try resetLockout()
            for handle in try handles(from: 0x8000_0000) + handles(from: 0x0200_0000) { try flush(handle) }
        }
    }

    /// Connects; a `swtpm` that has its socket and does not listen yet gets two seconds.
    private static func connect(_ path: String) throws(SyscallError) -> Descriptor {
        for _ in 0..<100 {
            do { return try Descriptor.connected(to: path) } catch {
                guard error.errno == ECONNREFUSED else { throw error }
                usleep(20_000)
            }
        }
        throw SyscallError("connect", ECONNREFUSED, path)
    }

    /// Sends a command and gives the parameters of its answer.
    ///
    /// - Throws: `tpm.unavailable`, `tpm.encoding`, `tpm.refused` with the TPM's own code.
    @discardableResult
    func execute(_ command: TPMCommand) throws(GloveboxError) -> TPMAnswer {
        var bytes: [UInt8]
        var left = 1000
        // While it tests itself, a TPM asks to be asked again.
        repeat {
            bytes = try exchange(command.bytes)
            left -= 1
        } while left > 0 && TPMAnswer.asksAgain(bytes)
        return try TPMAnswer(parsing: bytes, to: command)
    }

    private func exchange(_ command: [UInt8]) throws(GloveboxError) -> [UInt8] {
        try link.withLock { (link: inout Descriptor) throws(GloveboxError) -> [UInt8] in
            do throws(SyscallError) {
                try link.write(command)
                var answer: [UInt8] = []
                repeat {
                    let more = try link.read(upTo: TPMAnswer.limit)
                    if more.isEmpty { throw SyscallError("read", EPIPE, "the TPM") }
                    answer += more
                } while answer.count < TPMAnswer.length(answer)
                return answer
            } catch { throw error.coded("tpm.unavailable", hint: "The TPM or swtpm went away; start gloveboxd again.") }
        }
    }
}
