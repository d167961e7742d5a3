import ArgumentParser
import Glibc
import GloveboxAPI
import GloveboxCore

/// How a command that judges files reports: in lines, or as one JSON object.
struct ReportOptions: ParsableArguments {
    @Flag(help: "Print one JSON object.")
    var json = false

    /// Prints a result in one of its two forms.
    func result(_ value: JSONValue, _ lines: [String]) {
        let text = json ? String(decoding: CanonicalJSON.encode(value), as: UTF8.self) : lines.joined(separator: "\n")
        Self.write(Array((text + "\n").utf8), to: 1)
    }

    /// Runs a command; an error becomes a line on stderr, and an object when JSON is asked for, and an exit status of the
    /// table in the manual.
    func report(_ body: () throws(GloveboxError) -> Void) throws {
        do { try body() } catch {
            if json {
                var object = JSONObject([("code", .string(error.code)), ("message", .string(error.message))])
                object["hint"] = error.hint.map(JSONValue.string)
                result(["error": .object(object)], [])
            }
            Self.write(Array("glovebox: \(error)\n".utf8), to: 2)
            throw ArgumentParser.ExitCode(GloveboxAPI.ExitCode(error).rawValue)
        }
    }

    /// Writes everything to a descriptor.
    static func write(_ bytes: [UInt8], to descriptor: Int32) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = unsafe rest.withUnsafeBytes { unsafe Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count < 0 && errno != EINTR { return }
            rest = rest.dropFirst(max(0, count))
        }
    }
}
