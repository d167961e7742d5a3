import Glibc
import GloveboxCore
import GloveboxImages
import GloveboxLinux
import GloveboxLocalCommands

/// The demo's site and the programs it plays with.
final class DemoStage {
    /// The state directory.
    let state: String
    /// The private file.
    let data: String
    /// The image file.
    let image: String
    private let tpm: String?
    private var daemon: LaunchedProcess?
    private var readiness: Descriptor?

    init(state: String?, data: String?, image: String?, tpm: String?) throws(GloveboxError) {
        self.tpm = tpm
        let cache = Environment.variable("XDG_CACHE_HOME") ?? (Environment.variable("HOME") ?? "") + "/.cache"
        let home = cache + "/glovebox"
        self.data = try Self.existing(data ?? home + "/fair.csv", "the demo's data", "Run Deploy/demo-data first.")
        let found: String
        if let image {
            found = image
        } else {
            found = try ImageStore(directory: ImageStore.usual).resolve("python").path
        }
        self.image = try Self.existing(found, "the Python image", "Run 'glovebox image build Images/python' first.")
        if let state {
            try OutputFile.makeDirectory(state)
            self.state = try HostPath.absolute(state)
            _ = unsafe chmod(self.state, 0o700)  // gloveboxd refuses a directory others may enter, and says so
        } else {
            var template = Array("/tmp/glovebox-demo-XXXXXX".utf8CString)
            guard unsafe mkdtemp(&template) != nil else { throw SyscallError("mkdtemp", errno).coded("input.io") }
            self.state = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        }
    }

    private static func existing(_ path: String, _ what: String, _ hint: String) throws(GloveboxError) -> String {
        guard unsafe access(path, R_OK) == 0 else {
            throw GloveboxError("demo.input", "\(what) is not at \(Display.escape(path))", hint: hint)
        }
        return try HostPath.absolute(path)
    }

    /// Starts gloveboxd; returns when it answers.
    func start() throws(GloveboxError) {
        let path = try Programs.sibling("gloveboxd")
        do throws(SyscallError) {
            let log = try Descriptor.open(state + "/gloveboxd.log", O_WRONLY | O_CREAT | O_TRUNC, mode: 0o600)
            let started = try LaunchedProcess.startPiped(
                path,
                arguments: ["gloveboxd", "serve", "--state", state, "--accept-disk"]
                    + (tpm.map { ["--tpm", $0] } ?? []),
                environment: Self.environment,
                error: log
            )
            daemon = started.process
            readiness = started.output
        } catch { throw error.coded("demo.daemon") }
        let line: [UInt8]
        do { line = try readiness?.read(upTo: 512) ?? [] } catch { throw error.coded("demo.daemon") }
        guard line.starts(with: Array("ready".utf8)) else {
            throw GloveboxError("demo.daemon", "gloveboxd did not start", hint: "See \(state)/gloveboxd.log.")
        }
    }

    /// Ends gloveboxd.
    func stop() {
        guard let daemon else { return }
        kill(daemon.pid, SIGTERM)
        do { _ = try daemon.wait() } catch {}
        self.daemon = nil
    }

    /// What the programs find in their environment.
    static var environment: [String] {
        ["PATH=/usr/sbin:/usr/bin:/sbin:/bin", "HOME=" + (Environment.variable("HOME") ?? "/"), "LANG=C.UTF-8"]
            + (Environment.variable("LD_LIBRARY_PATH").map { ["LD_LIBRARY_PATH=" + $0] } ?? [])
    }

    /// What a program printed and how it left.
    struct Outcome {
        let status: Int32
        let output: String
    }

    /// Runs a program of this release and shows what it prints.
    func run(_ program: String, _ arguments: [String], show: Bool = true) throws(GloveboxError) -> Outcome {
        let path = try Programs.sibling(program)
        var output: [UInt8] = []
        do throws(SyscallError) {
            let (process, pipe) = try LaunchedProcess.startPiped(
                path,
                arguments: [program] + arguments,
                environment: Self.environment + ["GLOVEBOX_CONFIG=\(state)/people"]
            )
            while true {
                let chunk = try pipe.read(upTo: 65536)
                if chunk.isEmpty { break }
                output += chunk
                if show { JailReportText.write(chunk, to: 1) }
            }
            let raw = try process.wait()
            let status = raw & 0x7f == 0 ? raw >> 8 & 0xff : 128 + (raw & 0x7f)
            return Outcome(status: status, output: String(decoding: output, as: UTF8.self))
        } catch { throw error.coded("demo.program") }
    }
}
