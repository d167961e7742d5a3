import Glibc
import GloveboxCore
import GloveboxJail
import GloveboxLinux
import Synchronization
import TestSupport
import Testing

/// Jails that another process has started.
@Suite(.serialized) struct LentJailTests {
    /// Lends jails of this process, as if they came over a socket.
    private final class Lender: JailLender {
        let launcher = TestPrograms.path("glovebox-jail")
        let children = Mutex<[LentJail.Child]>([])
        let isLost = Atomic(false)
        var isGone: Bool { isLost.load(ordering: .relaxed) }

        func lend() throws(GloveboxError) -> LentJail {
            let (jail, child) = try LentJail.start(launcher)
            children.withLock { $0.append(child) }
            return try LentJail(message: jail.message, files: jail.files)
        }
    }

    private func specification(_ script: String) throws -> JailSpecification {
        var specification = JailSpecification(
            root: .directory("/"),
            arguments: ["sh", "-c", script],
            profile: try ShippedProfiles.named("default")
        )
        specification.environment = ["PATH": "/usr/local/bin:/usr/bin:/bin"]
        return specification
    }

    @Test func `a lent jail is like one's own: limits, output, end, and nothing of its group is left`() throws {
        let lender = Lender()
        let printed = Mutex<[UInt8]>([])
        var hooks = JailRun.Hooks()
        hooks.output = { bytes, _ in printed.withLock { $0 += bytes } }
        let group = Mutex("")
        hooks.start = { (readback: JailReadback, _: JailProtections) throws(GloveboxError) in
            group.withLock { $0 = readback.controlGroup?["pids.max"] ?? "" }
        }
        var specification = try specification("echo here; echo kept >/out/file; exit 7")
        specification.limits.processes = 9
        let result = try JailRun(lender: lender).run(specification, hooks: hooks)
        #expect(result.end == .exited(7) && printed.withLock { $0 } == Array("here\n".utf8))
        let isLimited = result.protections.inForce.contains { $0.hasPrefix("control-groups") }
        #expect(group.withLock { $0 } == (isLimited ? "10" : ""))
        let output = try #require(result.output)
        #expect(try output.open(beneath: Array("file".utf8), O_RDONLY).readAll(limit: 100) == Array("kept\n".utf8))
        let (mine, theirs) = try Descriptor.socketPair()
        for child in lender.children.withLock({ $0 }) { #expect(try child.wait(beside: PacketSocket(mine))) }
        withExtendedLifetime(theirs) {}
    }

    @Test func `a jail that dies with who started it is no end of the program's own`() throws {
        let lender = Lender()
        var hooks = JailRun.Hooks()
        let (mine, theirs) = try Descriptor.socketPair()
        hooks.start = { (_: JailReadback, _: JailProtections) throws(GloveboxError) in
            lender.isLost.store(true, ordering: .relaxed)
            shutdown(theirs.raw, Int32(SHUT_RDWR))
        }
        // Its own thread, which here is what starts jails, ends them when the other side of its socket closes.
        let guardian = try BackgroundThread {
            for child in lender.children.withLock({ $0 }) {
                do { _ = try child.wait(beside: PacketSocket(mine)) } catch {}
            }
        }
        let run = JailRun(lender: lender)
        hooks.stage = { (_: [Descriptor], _: FileIdentity) throws(GloveboxError) in guardian.wake() }
        var specification = try specification("sleep 600")
        specification.staged = [JailSpecification.Staged(path: "/mnt", bytes: 4096, inodes: 4)]
        #expect(throws: GloveboxError("worker.lost", "")) { try run.run(specification, hooks: hooks) }
        guardian.stop()
        withExtendedLifetime(theirs) {}
    }

    @Test func `what is no whole jail is refused`() throws {
        let null = try Descriptor.open("/dev/null", O_RDONLY)
        let files = [null, null, null, null]
        let good =
            #"{"group":{"controllers":["unified"],"kind":"v2","name":"glovebox-1","parents":{"unified":"/sys/fs/cgroup"}}}"#
        #expect(throws: Never.self) { try LentJail(message: Array(good.utf8), files: files) }
        #expect(throws: GloveboxError("worker.jail", "")) { try LentJail(message: Array(good.utf8), files: []) }
        let bad = [
            ("glovebox-1", "other-1"), ("glovebox-1", "glovebox-1/.."), (#""v2""#, #""v3""#),
            (#"["unified"]"#, #"["cpu"]"#), (#""/sys"#, #""sys"#),
        ]
        for (old, new) in bad {
            let text = good.replacing(old, with: new)
            #expect(throws: GloveboxError("worker.jail", ""), "\(text)") {
                try LentJail(message: Array(text.utf8), files: files)
            }
        }
        // A file that is no process has no number, so nothing is measured in the launcher's place.
        #expect(throws: GloveboxError("jail.lost", "")) {
            try LentJail(message: Array(good.utf8), files: files).number()
        }
    }
}
