import Glibc
import GloveboxBroker
import GloveboxCore
import GloveboxLinux
import GloveboxStore
import GloveboxTransparency
import TestSupport
import Testing

@testable import GloveboxSupervisor

/// The broker is killed at every system call of a key release that touches its files or its socket.
@Suite(.serialized) struct KeyCrashTests {
    private static let canTry =
        TestPrograms.variable("GLOVEBOX_FAIR_CSV") != nil && (unsafe access("/usr/bin/strace", X_OK)) == 0

    /// A broker that the kernel kills on entering or leaving a call; the one started after it lives.
    private struct Wrapper {
        let directory: String
        var program: String { directory + "/broker" }

        init() throws {
            directory = try TestPrograms.scratch()
            let script = """
                #!/bin/sh
                echo started >> \(directory)/starts
                if [ -e \(directory)/inject ]; then
                    rule=$(cat \(directory)/inject)
                    rm \(directory)/inject
                    exec /usr/bin/strace -D -f -qq -o /dev/null -e trace="${rule%%:*}" -e inject="$rule" \
                \(TestPrograms.path("gloveboxd")) broker
                fi
                exec \(TestPrograms.path("gloveboxd")) broker

                """
            try Descriptor.open(program, O_WRONLY | O_CREAT, mode: 0o755).write(Array(script.utf8))
        }

        func arm(_ rule: String) throws {
            _ = unsafe unlink(directory + "/starts")
            try Descriptor.open(directory + "/inject", O_WRONLY | O_CREAT).write(Array(rule.utf8))
        }

        var starts: Int {
            get throws { try Kernel.readText(directory + "/starts").split(separator: "\n").count }
        }
    }

    @Test(
        .enabled(if: canTry, "needs GLOVEBOX_FAIR_CSV and strace"),
        arguments: ["pwrite64", "fdatasync", "fsync", "fchmod", "rename", "sendto"]
    )
    func `a broker killed at any step gives no key without a log entry and takes no payment twice`(
        call: String
    ) throws {
        let place = try KeyDoorSite()
        let wrapper = try Wrapper()
        place.site.broker.relaunch { [program = wrapper.program] in $0.program = program }
        var requests: Set<Digest> = []
        var kills = 0
        for number in 1...18 {  // the policy allows twenty runs in a day
            let job = try place.starting()
            place.site.broker.relaunch { _ in }
            try wrapper.arm("\(call):signal=SIGKILL:when=\(number)")
            let door = try place.door(job)
            let keys = try #require(try door.open().first)
            #expect(keys.bytes.count == 64)
            // The run has its keys: the log has the release, paid once.
            #expect(try place.logged(job) == [.budgetSpent, .keyReleased], "\(call) \(number)")
            requests.insert(try #require(door.grant?.request))
            if try wrapper.starts == 1 { break }
            kills += 1
        }
        #expect(kills > 0, "the call was never met, so nothing was tried")
        let grants = try place.grants()
        #expect(grants.count == requests.count && Set(grants.map(\.request)) == requests, "no run is granted twice")
        #expect(try place.test.findings().filter { $0.code.hasPrefix("audit.key") }.map(\.code) == [])
        print("\(call): killed at \(kills) steps")
    }
}
