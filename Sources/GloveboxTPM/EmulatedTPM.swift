internal import Glibc
package import GloveboxCore
internal import GloveboxLinux

/// A `swtpm` beside a site: its own directory and, under root, its own user.
///
/// It is emulation: whoever copies the directory has a second TPM with the same keys.
package final class EmulatedTPM: Sendable {
    /// Where it answers.
    package let socket: String
    /// The certificate of the authority that vouches for it, PEM.
    package let issuer: String
    private let process: LaunchedProcess

    /// Users that exist for this purpose, the first that there is.
    private static let users = ["glovebox-tpm", "swtpm", "tss"]

    /// Starts it, making its keys the first time; it ends when its socket's only user goes.
    ///
    /// - Parameter directory: outside the state directory, which its user may not enter.
    /// - Throws: `tpm.emulator` with what to install or look at.
    package init(directory: String) throws(GloveboxError) {
        socket = directory + "/tpm.sock"
        issuer = directory + "/ca/issuercert.pem"
        let prefix = try Self.identity(directory)
        do throws(SyscallError) {
            let log = try Descriptor.open(directory + "/log", O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW)
            if unsafe access(directory + "/state/tpm2-00.permall", F_OK) != 0 {
                try Self.manufacture(directory, prefix, log)
            }
            _ = unsafe unlink(socket)
            process = try Self.start(
                prefix + [
                    "swtpm", "socket", "--tpm2", "--tpmstate", "dir=\(directory)/state,mode=0600",
                    "--server", "type=unixio,path=\(socket),mode=0660",
                    "--flags", "not-need-init,startup-clear", "--terminate",
                ],
                log
            )
        } catch {
            throw Self.obstacle(above: directory)
                ?? error.coded("tpm.emulator", hint: "Install the Debian packages swtpm and swtpm-tools.")
        }
        for _ in 0..<250 where unsafe access(socket, F_OK) != 0 { usleep(20_000) }
        guard unsafe access(socket, F_OK) == 0 else {
            throw Self.obstacle(above: directory)
                ?? GloveboxError("tpm.emulator", "swtpm did not start", hint: "See \(Display.escape(directory))/log.")
        }
    }

    deinit {
        process.kill()
        do { _ = try process.wait() } catch {}  // reaped or not, it is dead
    }

    /// The user it runs as under root; nil where there is none for it.
    private static func account() -> (name: String, id: uid_t)? {
        for user in users {
            if let entry = unsafe getpwnam(user) { return (user, unsafe entry.pointee.pw_uid) }
        }
        return nil
    }

    /// Makes the directory, and gives the words that start a program as its user.
    private static func identity(_ directory: String) throws(GloveboxError) -> [String] {
        for path in [directory, directory + "/state", directory + "/ca"] where unsafe access(path, F_OK) != 0 {
            guard unsafe mkdir(path, 0o750) == 0 else { throw SyscallError("mkdir", errno, path).coded("tpm.emulator") }
        }
        guard geteuid() == 0 else { return [] }
        guard let (_, uid) = account() else {
            throw GloveboxError(
                "tpm.emulator",
                "there is no user for the emulated TPM",
                hint: "Make one: useradd --system glovebox-tpm."
            )
        }
        // What someone else put there, in a directory open to all, is not made over to the TPM's user.
        for path in [directory, directory + "/state", directory + "/ca"] {
            let found: FileStatus
            do { found = try FileStatus.of(path, followingLinks: false) } catch { throw error.coded("tpm.emulator") }
            guard found.isDirectory, found.user == uid || found.user == 0 else {
                throw GloveboxError("tpm.emulator", "\(Display.escape(path)) belongs to someone else")
            }
            guard unsafe chown(path, uid, getegid()) == 0, unsafe chmod(path, 0o750) == 0 else {
                throw SyscallError("chown", errno, path).coded("tpm.emulator")
            }
        }
        return ["setpriv", "--reuid", "\(uid)", "--regid", "\(getegid())", "--clear-groups", "--"]
    }

    /// The directory above the TPM's own that its user may not pass through, of which swtpm itself says nothing of use.
    private static func obstacle(above directory: String) -> GloveboxError? {
        guard geteuid() == 0, let (user, uid) = account() else { return nil }
        var path = directory
        while let slash = path.lastIndex(of: "/") {
            path = String(path[..<slash])
            let place = path.isEmpty ? "/" : path
            let found: FileStatus
            do throws(SyscallError) { found = try FileStatus.of(place) } catch { return nil }
            // It has the supervisor's group and no other.
            let bit: UInt32 = found.user == uid ? 0o100 : found.group == getegid() ? 0o010 : 0o001
            guard found.permissions & bit == 0 else { continue }
            let (name, mode) = (Display.escape(place), String(found.permissions, radix: 8))
            return GloveboxError(
                "tpm.emulator",
                "the emulated TPM runs as \(user), who may not enter \(name) (mode \(mode))",
                hint: "Run chmod a+x \(name), or keep the site elsewhere, such as below /var/lib."
            )
        }
        return nil
    }

    /// Makes keys and certificates, with an authority of this directory's own.
    private static func manufacture(
        _ directory: String,
        _ prefix: [String],
        _ log: Descriptor
    ) throws(SyscallError) {
        let files = [
            "setup.conf": """
            create_certs_tool = /usr/bin/swtpm_localca
            create_certs_tool_config = \(directory)/ca.conf
            create_certs_tool_options = \(directory)/ca.options

            """,
            "ca.conf": """
            statedir = \(directory)/ca
            signingkey = \(directory)/ca/signkey.pem
            issuercert = \(directory)/ca/issuercert.pem
            certserial = \(directory)/ca/certserial

            """,
            "ca.options": "--platform-manufacturer Glovebox\n--platform-version 1\n--platform-model emulated\n",
        ]
        for (name, text) in files {
            let path = "\(directory)/\(name)"
            try Descriptor.open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, mode: 0o644).write(Array(text.utf8))
        }
        let maker = try start(
            prefix + [
                "swtpm_setup", "--tpm2", "--tpmstate", directory + "/state", "--config", directory + "/setup.conf",
                "--create-ek-cert", "--ecc", "--pcr-banks", "sha256", "--lock-nvram", "--overwrite",
            ],
            log
        )
        guard try maker.wait() == 0 else { throw SyscallError("swtpm_setup", EIO, directory) }
    }

    private static func start(_ words: [String], _ log: Descriptor) throws(SyscallError) -> LaunchedProcess {
        try LaunchedProcess.start(
            "/usr/bin/env",
            arguments: ["env"] + words,
            environment: ["PATH=/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/nonexistent", "LANG=C.UTF-8"],
            descriptors: [Descriptor.open("/dev/null", O_RDONLY), log, log]
        )
    }
}
