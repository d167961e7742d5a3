import Glibc
import GloveboxCore
import GloveboxJail
import GloveboxLinux

/// Starts jails as the supervisor does, one after another, and tells how long each took.
///
/// ```
/// jail-bench filter PROFILE                                      writes a profile's filter to stdout
/// jail-bench start|teardown|output|count NUMBER LAUNCHER IMAGE COMMAND [ARGUMENT...]
/// ```
///
/// `start` prints the nanoseconds from the call to its return, a line a round; `teardown` those from the time the command
/// printed last to the return; `output` what the command printed; `count` how many rounds NUMBER seconds allow.
@main struct JailBench {
    private let reserve: JailReserve
    private let specification: JailSpecification

    static func main() {
        do {
            let arguments = Array(CommandLine.arguments.dropFirst())
            if arguments.count == 2, arguments[0] == "filter" {
                try write(ShippedProfiles.named(arguments[1]).compiled())
            } else if arguments.count >= 5, let number = Int(arguments[1]) {
                let bench = try JailBench(
                    launcher: arguments[2],
                    image: arguments[3],
                    command: Array(arguments.dropFirst(4))
                )
                try bench.measure(arguments[0], number)
            } else {
                exit(2)
            }
        } catch {
            write(Array("jail-bench: \(error)\n".utf8), to: 2)
            exit(1)
        }
    }

    private init(launcher: String, image: String, command: [String]) throws(GloveboxError) {
        reserve = try JailReserve(launcher: launcher)
        var specification = JailSpecification(
            root: .image(path: image, format: .erofs),
            arguments: command,
            profile: try ShippedProfiles.named("default")
        )
        specification.environment = ["PATH": "/usr/bin:/bin", "HOME": "/tmp", "LANG": "C.UTF-8"]
        self.specification = specification
    }

    private func measure(_ what: String, _ number: Int) throws(GloveboxError) {
        switch what {
        case "start":
            for _ in 0..<number {
                let start = Self.now(CLOCK_MONOTONIC)
                _ = try once()
                Self.write(Array("\(Self.now(CLOCK_MONOTONIC) - start)\n".utf8))
            }
        case "teardown":
            for _ in 0..<number {
                let printed = try once()
                let end = Self.now(CLOCK_REALTIME)
                let digits = printed.filter { $0 != 10 }
                guard let stamp = Int64(String(decoding: digits, as: UTF8.self)) else { exit(1) }
                Self.write(Array("\(end - stamp)\n".utf8))
            }
        case "output": for _ in 0..<number { Self.write(try once()) }
        case "count":
            var rounds = 0
            let end = Self.now(CLOCK_MONOTONIC) + Int64(number) * 1_000_000_000
            while Self.now(CLOCK_MONOTONIC) < end {
                _ = try once()
                rounds += 1
            }
            Self.write(Array("\(rounds)\n".utf8))
        default: exit(2)
        }
    }

    /// One jail from its start to its end; what the command printed.
    private func once() throws(GloveboxError) -> [UInt8] {
        let collected = Collected()
        var hooks = JailRun.Hooks()
        hooks.output = { bytes, _ in collected.bytes += bytes }
        let result = try JailRun(reserve: reserve).run(specification, hooks: hooks)
        guard result.end == .exited(0) else {
            throw GloveboxError("bench.command", "the command ended with \(result.end)")
        }
        return collected.bytes
    }

    private final class Collected {
        var bytes: [UInt8] = []
    }

    private static func now(_ clock: clockid_t) -> Int64 {
        var time = timespec()
        unsafe clock_gettime(clock, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }

    private static func write(_ bytes: [UInt8], to descriptor: Int32 = 1) {
        unsafe bytes.withUnsafeBytes { buffer in _ = unsafe Glibc.write(descriptor, buffer.baseAddress, buffer.count) }
    }
}
