import GloveboxCore
import GloveboxPlan

@testable import GloveboxJail

/// The kernel's account of the jail, as the workload sends it before its first instruction.
enum ReadbackTarget: FuzzTarget {
    static let name = "readback"

    /// The body of a whole account: for each source its byte, length and text.
    static func body(_ parts: [(JailMessage.Source, String)]) -> [UInt8] {
        parts.flatMap { source, text in
            let length = UInt32(text.utf8.count)
            return [source.rawValue] + (0..<4).map { UInt8(truncatingIfNeeded: length >> (8 * UInt32($0))) } + text.utf8
        }
    }

    static var account: [UInt8] {
        let none = "0000000000000000"
        let status = """
            Name:\tglovebox-jail
            Umask:\t0077
            Uid:\t1000\t1000\t1000\t1000
            Groups:\t
            CapInh:\t\(none)
            CapPrm:\t\(none)
            CapEff:\t\(none)
            CapBnd:\t\(none)
            CapAmb:\t\(none)
            NoNewPrivs:\t1
            Seccomp:\t2

            """
        let mounts = """
            1 2 0:29 / / ro,nosuid,nodev - overlay overlay ro
            3 1 0:30 / /tmp rw,nosuid,nodev,noexec - tmpfs tmpfs rw,size=4k
            4 1 8:1 /usr /usr ro,nosuid,nodev - ext4 /dev/vda rw
            5 1 0:31 / /data ro,nosuid,nodev - tmpfs tmpfs rw
            7 1 0:33 / /shown ro,nosuid,nodev - overlay overlay ro,lowerdir=nothing:shown/1
            6 1 0:32 / /proc ro,nosuid,nodev,noexec - proc proc rw

            """
        return body([
            (.status, status), (.mounts, mounts), (.uidMap, "   0  1  1\n 1000 2 1\n"), (.landlock, "4"),
            (.clocks, "monotonic  -7  0\nboottime  -9  0\n"), (.personality, "0"), (.gidMap, "0 1 1\n1000 2 1\n"),
            (.setgroups, "deny\n"), (.oomScore, "800\n"), (.securebits, "47"), (.dumpable, "0"),
            (.limits, "4 \(UInt64.max) \(UInt64.max)\n7 1024 1024\n"),
        ])
    }

    static var seeds: [[UInt8]] {
        // An account that is refused early would leave the rest of the reader to chance.
        var readback = JailReadback()
        precondition(readback.take(account))
        do { try readback.check(PlanTarget.plan, PlanTarget.birth) } catch { fatalError("\(error)") }
        return [account, body([(.mounts, "a b c")]), body([])]
    }

    static func read(_ bytes: [UInt8]) {
        var readback = JailReadback()
        guard readback.take(bytes) else { return }
        do { try readback.check(PlanTarget.plan, PlanTarget.birth) } catch {
            precondition(error.code == "jail.readback")
        }
        _ = MountTable(PlanTarget.plan.steps).shared(in: readback.mounts)
    }
}
