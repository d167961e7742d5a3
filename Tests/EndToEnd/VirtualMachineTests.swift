import GloveboxCore
import TestSupport
import Testing

/// The jail under another kernel: Debian's, with pure control groups v2, in a virtual machine that `Deploy/vm` starts once
/// for all cases.
///
/// The whole suite of the jail runs there with `Deploy/test --long`.
@Suite struct VirtualMachineTests {
    /// A command in a jail, the exit status it must have, and words it must print.
    struct Case: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let arguments: String
        let status: String
        let tells: String
    }

    private static let cases: [Case] = [
        Case(
            testDescription: "the exit status passes, and the groups are v2",
            arguments: "--rootfs / --json -- sh -c 'exit 3'",
            status: "3",
            tells: "\"control-groups-v2\""
        ),
        Case(
            testDescription: "a memory kill is told",
            arguments: "--rootfs / --memory 32M --json -- python3 -c 'bytes([1]) * 10**9'",
            status: "137",
            tells: "\"oom\":true"
        ),
        Case(
            testDescription: "the wall clock ends it",
            arguments: "--rootfs / --wall 1s -- sleep 30",
            status: "124",
            tells: "wall-clock limit"
        ),
        Case(
            testDescription: "the network is refused",
            arguments: "--rootfs / -- python3 -c 'import socket; socket.socket()'",
            status: "1",
            tells: "no-network"
        ),
        Case(
            testDescription: "an image is a root",
            arguments: "--rootfs python -- python3 -c 'print(6 * 7)'",
            status: "0",
            tells: "42\n"
        ),
    ]

    private static let vm = TestPrograms.repository + "/Deploy/vm"

    /// Why no machine can be started here; empty when one can.
    private static let obstacle: String = {
        do {
            let check = try TestPrograms.run(vm, ["--check"])
            return check.status == 0 ? "" : check.output
        } catch { return "\(error)" }
    }()

    /// What each case printed, by its description, with a last line that is its exit status.
    private static let answers: Result<[String: String], any Error> = Result {
        let glovebox = TestPrograms.path("glovebox")
        let images = TestPrograms.variable("GLOVEBOX_IMAGES").map { "export GLOVEBOX_IMAGES='\($0)'\n" } ?? ""
        let commands = cases.map { "'\(glovebox)' jail run \($0.arguments)\necho \"status $?\"\n" }
        let script = images + commands.joined(separator: "echo NEXT\n")
        let ran = try TestPrograms.run(vm, ["--timeout", "60", "bash", "-c", script])
        let parts = ran.output.split(separator: "NEXT\n").map(String.init)
        try #require(ran.status == 0 && parts.count == cases.count, "the machine: \(ran.status)\n\(ran.output)")
        return Dictionary(uniqueKeysWithValues: zip(cases.map(\.testDescription), parts))
    }

    @Test(.enabled(if: obstacle.isEmpty, Comment(rawValue: obstacle)), arguments: cases)
    func `holds under another kernel`(wanted: Case) throws {
        let answer = try #require(Self.answers.get()[wanted.testDescription])
        #expect(answer.hasSuffix("status \(wanted.status)\n"), "\(answer)")
        #expect(answer.contains(wanted.tells), "\(answer)")
    }
}
