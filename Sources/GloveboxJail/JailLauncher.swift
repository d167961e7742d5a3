internal import CGloveboxLinux
internal import Glibc
internal import GloveboxCore
internal import GloveboxLinux
internal import GloveboxPlan

/// A launcher that has been started and waits for its plan.
///
/// It starts up while the supervisor makes the jail's control groups and mounts.
final class JailLauncher {
    /// The socket over which they speak.
    let control: Descriptor
    /// The program's stdout and stderr, to be read here.
    let streams: [Descriptor]
    private let process: LaunchedProcess
    private var isWaitedFor = false

    /// Starts it; the descriptors it gets later follow stdin, stdout, stderr and the socket.
    init(_ path: String) throws(GloveboxError) {
        do throws(SyscallError) {
            let (mine, theirs) = try Descriptor.socketPair()
            let (out, error) = (try Descriptor.pipe(), try Descriptor.pipe())
            try out.read.setNonBlocking()
            try error.read.setNonBlocking()
            let null = try Descriptor.open("/dev/null", O_RDONLY)
            process = try LaunchedProcess.start(
                path,
                arguments: ["glovebox-jail"],
                descriptors: [null, out.write, error.write, theirs]
            )
            control = mine
            streams = [out.read, error.read]
        } catch {
            let hint = "The launcher glovebox-jail must stand beside the program that starts it."
            throw error.coded("jail.launcher", hint: error.call == "posix_spawn" ? hint : nil)
        }
    }

    /// Gives it the plan and what the plan names.
    func send(_ builder: JailPlanBuilder) throws(GloveboxError) {
        do throws(SyscallError) {
            let plan = try Descriptor.sealed(builder.plan.encoded, name: "plan")
            let descriptors = ([plan] + builder.descriptors).map(\.raw)
            let packet = [JailMessage.plan]
            let sent = unsafe glx_send(control.raw, packet, 1, descriptors, Int32(descriptors.count))
            guard sent == 1 else { throw SyscallError("sendmsg", -sent) }
            withExtendedLifetime(plan) {}
        } catch { throw error.coded("jail.launcher") }
    }

    /// Ends it, and so its jail; harmless when it has been waited for.
    func kill() { if !isWaitedFor { process.kill() } }

    /// Waits for its end, once.
    func wait() throws(GloveboxError) {
        guard !isWaitedFor else { return }
        do { _ = try process.wait() } catch { throw error.coded("jail.launcher") }
        isWaitedFor = true
    }
}
