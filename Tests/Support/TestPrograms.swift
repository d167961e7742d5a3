import Glibc
package import GloveboxLinux
internal import Synchronization

/// The programs under test and the files they need, as `Deploy/test` names them.
package enum TestPrograms {
    /// A variable of the environment.
    package static func variable(_ name: String) -> String? {
        guard let value = unsafe getenv(name) else { return nil }
        return unsafe String(cString: value)
    }

    /// Path of a built program: beside the tests, unless `GLOVEBOX_PROGRAMS` says otherwise.
    package static func path(_ name: String) -> String {
        if let directory = variable("GLOVEBOX_PROGRAMS") { return directory + "/" + name }
        guard let own = unsafe realpath("/proc/self/exe", nil) else { return name }
        defer { unsafe free(own) }
        let text = unsafe String(cString: own)
        return text[..<(text.lastIndex(of: "/") ?? text.endIndex)] + "/" + name
    }

    /// The root of the repository.
    package static var repository: String {
        let file = #filePath.split(separator: "/").dropLast(3)
        return "/" + file.joined(separator: "/")
    }

    /// What a program printed, stdout and stderr together, and how it left.
    package struct Outcome: Sendable {
        /// Exit status, or 128 and the signal.
        package let status: Int32
        /// What it printed.
        package let output: String
    }

    /// Runs a program to its end.
    package static func run(
        _ program: String,
        _ arguments: [String],
        environment: [String] = []
    ) throws -> Outcome {
        let (process, output) = try start(program, arguments, environment: environment)
        let text = try output.readAll(limit: 64 << 20)
        let raw = try process.wait()
        return Outcome(
            status: raw & 0x7f == 0 ? raw >> 8 & 0xff : 128 + (raw & 0x7f),
            output: String(decoding: text, as: UTF8.self)
        )
    }

    /// Starts a program; what it prints comes from the descriptor.
    package static func start(
        _ program: String,
        _ arguments: [String],
        environment: [String] = []
    ) throws -> (RunningProgram, Descriptor) {
        let base = ["PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LANG=C.UTF-8"]
        let home = variable("HOME").map { ["HOME=" + $0] } ?? []
        let libraries = variable("LD_LIBRARY_PATH").map { ["LD_LIBRARY_PATH=" + $0] } ?? []
        let started = try LaunchedProcess.startPiped(
            program.hasPrefix("/") ? program : path(program),
            arguments: [program] + arguments,
            environment: base + home + libraries + environment
        )
        return (RunningProgram(started.process), started.output)
    }

    /// The file of an image in the store, nil when the store does not have it.
    package static func image(_ name: String) -> String? {
        guard let store = variable("GLOVEBOX_IMAGES") else { return nil }
        do {
            let text = try Descriptor.open(store + "/refs/" + name, O_RDONLY).readAll(limit: 100)
            let digest = String(decoding: text, as: UTF8.self).split(separator: "\n").first ?? ""
            let path = "\(store)/images/\(digest).erofs"
            return unsafe access(path, R_OK) == 0 ? path : nil
        } catch { return nil }
    }

    /// A fresh private directory with a short path, in `GLOVEBOX_SCRATCH` if that is set; it goes when the tests end.
    package static func scratch() throws -> String {
        let parent = variable("GLOVEBOX_SCRATCH").map { $0 + "/" } ?? "/tmp/glovebox-test-"
        var template = Array((parent + "XXXXXX").utf8CString)
        guard unsafe mkdtemp(&template) != nil else { throw SyscallError("mkdtemp", errno) }
        let path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        scratches.withLock { $0.append(path) }
        // Anew each time: the last one runs first, before libraries take themselves apart under threads that still use them.
        unsafe on_exit({ status, _ in TestPrograms.end(status) }, nil)
        return path
    }

    private static let scratches = Mutex<[String]>([])

    /// Takes the scratch directories away and ends the process as it would have ended, without what would still follow.
    private static func end(_ status: Int32) -> Never {
        do { _ = try run("/bin/rm", ["-rf", "--one-file-system"] + scratches.withLock { $0 }) } catch {}
        fflush(nil)
        _exit(status)
    }
}
