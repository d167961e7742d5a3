import Glibc
import GloveboxCore
import GloveboxLinux
import GloveboxStore
import GloveboxTransparency
import TestSupport

/// A log that the writer wrote, in a directory that goes when the tests end.
struct LogOnDisk {
    static let origin = "log.datasite.example"

    /// The state directory.
    let state: String
    /// The log's public key, as text.
    let vkey: String
    /// The file with the key.
    var keyFile: String { state + "/log.vkey" }
    /// The public files.
    var log: String { state + "/log" }

    /// Makes an empty log.
    init(seed: UInt8 = 0) throws {
        state = try TestPrograms.scratch()
        let signer = try Self.signer(seed)
        vkey = signer.key.vkey
        try LogWriter.create(in: state, signer: signer)
        try Self.write(Array((vkey + "\n").utf8), keyFile)
        try grow(to: 0, seed: seed)
    }

    /// Appends events until the log has that many entries, and publishes.
    func grow(to size: UInt64, seed: UInt8 = 0, note: String = "n") throws {
        let context = EventContext(
            origin: Self.origin,
            datasite: "site_test",
            version: "0.1.0",
            bootID: "boot",
            supervisor: .zero,
            config: .zero,
            pseudonymKey: [UInt8](repeating: 3, count: 32)
        )
        let writer = try LogWriter(
            opening: state,
            signer: Self.signer(seed),
            bodyKey: [UInt8](repeating: 3, count: 32),
            context: context
        )
        defer { writer.close() }
        while writer.size < size {
            let count = min(256, size - writer.size)
            _ = try writer.append(
                (0..<count).map {
                    Event(kind: .jobPhaseChanged, job: "job_1", fields: [("number", .string("\(note)\($0)"))])
                }
            )
        }
        try writer.publish()
    }

    /// Runs `glovebox audit`.
    func audit(_ arguments: String...) throws -> TestPrograms.Outcome {
        try TestPrograms.run("glovebox", ["audit"] + arguments)
    }

    /// A second directory with the same files.
    func copy() throws -> String {
        let path = try TestPrograms.scratch() + "/copy"
        _ = try TestPrograms.run("/bin/cp", ["-a", log, path])
        return path
    }

    static func read(_ path: String) throws -> [UInt8] {
        try Descriptor.open(path, O_RDONLY).readAll(limit: 32 << 20)
    }

    /// Puts a file in place of another, which may be read-only.
    static func write(_ bytes: [UInt8], _ path: String) throws {
        _ = unsafe unlink(path)
        try Descriptor.open(path, O_WRONLY | O_CREAT | O_TRUNC, mode: 0o644).write(bytes)
    }

    private static func signer(_ seed: UInt8) throws -> NoteSigner {
        try NoteSigner(name: origin, seed: [UInt8](repeating: seed, count: 32))
    }
}
