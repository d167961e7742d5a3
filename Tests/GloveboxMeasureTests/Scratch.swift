import Foundation
import Glibc

/// A directory for one test, removed when the test has ended.
final class Scratch: Sendable {
    /// Where it is.
    let path: String

    init() throws {
        let base = FileManager.default.temporaryDirectory.appendingPathComponent("glovebox-\(UUID().uuidString)")
        path = base.path
        try FileManager.default.createDirectory(at: base, withIntermediateDirectories: true)
    }

    deinit { _ = try? Scratch.run("chmod -R u+rwX \"$1\" && rm -rf \"$1\"", path) }

    /// Runs a shell script in the directory; what it prints on standard output comes back.
    @discardableResult
    func shell(_ script: String, _ arguments: String...) throws -> String {
        try Self.run("cd \"$1\" && shift && umask 022 && \(script)", [path] + arguments)
    }

    /// Makes a directory below.
    func directory(_ name: String) throws -> String {
        try shell("mkdir -p \"$1\"", name)
        return path + "/" + name
    }

    /// Makes a directory below and opens it; the caller closes it.
    func open(directory name: String) throws -> Int32 {
        let descriptor = unsafe Glibc.open(try directory(name), O_RDONLY | O_DIRECTORY)
        guard descriptor >= 0 else { throw Failure(status: errno, script: "open \(name)") }
        return descriptor
    }

    @discardableResult
    static func run(_ script: String, _ arguments: String...) throws -> String { try run(script, arguments) }

    @discardableResult
    static func run(_ script: String, _ arguments: [String]) throws -> String {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/bin/bash")
        process.arguments = ["-e", "-o", "pipefail", "-c", script, "bash"] + arguments
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        let bytes = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw Failure(status: process.terminationStatus, script: script) }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// A script that failed.
    struct Failure: Error {
        let status: Int32
        let script: String
    }

    /// Whether a program is on the path.
    static func has(_ program: String) -> Bool { (try? run("command -v \"$1\"", program)) != nil }
}
