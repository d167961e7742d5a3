import Foundation
import GloveboxCore
import GloveboxStore
import GloveboxTransparency

/// A state directory of a test, removed at its end.
final class Site {
    let path: String
    let signer: NoteSigner
    let context: EventContext
    private let bodyKey = [UInt8](repeating: 3, count: 32)

    /// Makes a directory, with an empty log in it unless told otherwise.
    init(create: Bool = true) throws {
        path = NSTemporaryDirectory() + "/glovebox-store-\(UUID().uuidString)"
        try FileManager.default.createDirectory(
            atPath: path,
            withIntermediateDirectories: true,
            attributes: [.posixPermissions: 0o700]
        )
        signer = try NoteSigner(name: "log.datasite.example", seed: Array(0...31))
        context = EventContext(
            origin: "log.datasite.example",
            datasite: "site_test",
            version: "0.1.0",
            bootID: "boot",
            supervisor: .zero,
            config: .zero,
            pseudonymKey: bodyKey
        )
        if create { try LogWriter.create(in: path, signer: signer) }
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func open(segmentBytes: Int = 1 << 16, signer: (any CheckpointSigner)? = nil) throws -> LogWriter {
        try LogWriter(
            opening: path,
            signer: signer ?? self.signer,
            bodyKey: bodyKey,
            context: context,
            segmentBytes: segmentBytes
        )
    }

    /// Opens, does something, closes; the lock is free afterwards.
    func withLog<Value>(segmentBytes: Int = 1 << 16, _ body: (LogWriter) throws -> Value) throws -> Value {
        let log = try open(segmentBytes: segmentBytes)
        defer { log.close() }
        return try body(log)
    }

    /// The code with which opening fails, or nil.
    func refusal() -> String? { Self.code { try self.open().close() } }

    func read(_ name: String) throws -> [UInt8] { Array(try Data(contentsOf: URL(fileURLWithPath: "\(path)/\(name)"))) }

    func write(_ name: String, _ bytes: [UInt8]) throws {
        let file = "\(path)/\(name)"
        let permissions = try FileManager.default.attributesOfItem(atPath: file)[.posixPermissions] ?? 0o600
        try FileManager.default.removeItem(atPath: file)
        try Data(bytes).write(to: URL(fileURLWithPath: file))
        try FileManager.default.setAttributes([.posixPermissions: permissions], ofItemAtPath: file)
    }

    func remove(_ name: String) throws { try FileManager.default.removeItem(atPath: "\(path)/\(name)") }

    func copy(_ from: String, to: String) throws {
        try? FileManager.default.removeItem(atPath: "\(path)/\(to)")
        try FileManager.default.copyItem(atPath: "\(path)/\(from)", toPath: "\(path)/\(to)")
    }

    func exists(_ name: String) -> Bool { FileManager.default.fileExists(atPath: "\(path)/\(name)") }

    static func code(_ body: () throws -> Void) -> String? {
        do {
            try body()
            return nil
        } catch let error as GloveboxError {
            return error.code
        } catch {
            return "\(error)"
        }
    }

    static func events(_ count: Int, job: String? = nil) -> [Event] {
        (0..<count).map {
            Event(kind: .jobPhaseChanged, job: job, fields: [("number", .string("\($0)"))], body: [("why", "a b c")])
        }
    }
}
