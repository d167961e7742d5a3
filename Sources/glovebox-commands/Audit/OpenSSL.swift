import Glibc
import GloveboxCore
import GloveboxLinux

/// The program `openssl`, for what people check with it anyway.
enum OpenSSL {
    private static let program = "/usr/bin/openssl"

    /// Runs it in a directory, and returns what it says.
    ///
    /// - Throws: `openssl.missing`; the code given, with the program's last line, when it fails.
    static func run(_ arguments: [String], or code: String) throws(GloveboxError) {
        let said: [UInt8]
        let status: Int32
        do throws(SyscallError) {
            let (process, output) = try LaunchedProcess.startPiped(
                program,
                arguments: ["openssl"] + arguments,
                environment: ["LC_ALL=C", "PATH=/usr/bin:/bin"]
            )
            said = try output.readAll(limit: 1 << 20)
            status = try process.wait()
        } catch { throw error.coded("openssl.missing", hint: "Install openssl; it stands at \(program) on Debian.") }
        guard status == 0 else {
            let lines = String(decoding: said, as: UTF8.self).split(separator: "\n")
            throw GloveboxError(
                code,
                "openssl \(arguments[0]): \(lines.last.map { Display.escape(String($0)) } ?? "failed")"
            )
        }
    }
}
