import Glibc
import GloveboxCore
import GloveboxJail
import GloveboxLinux

/// Whether a child that left its session dies with the job.
///
/// The child holds a pipe; when nobody holds it any more, no process of the jail is left, whatever its number was.
struct DaemonCheck {
    let runs: ProbeRuns

    private let name = "end-daemon"

    init(runs: ProbeRuns) { self.runs = runs }

    /// Leaves a daemon behind in a jail and outside.
    func check() -> Check {
        do {
            let inside = try Self.survives { (held) throws(GloveboxError) in
                let run = try runs.inside([Ending.daemon.rawValue]) { $0.descriptors = [held] }
                return Int32(run.output.split(separator: "\n").first ?? "") ?? 0
            }
            let outside = try Self.survives { (held) throws(GloveboxError) in
                let run = try runs.outside([Ending.daemon.rawValue], extra: held)
                let pid = Int32(run.output.split(separator: "\n").first ?? "") ?? 0
                return pid
            }
            defer { if outside.pid > 1 { kill(outside.pid, SIGKILL) } }
            guard inside.pid > 1 else { return .fail(name, "a daemon could not be tried in the jail") }
            if inside.survived {
                return .fail(name, "a daemon outlives the jail", "Run no job here, and report this.")
            }
            let isProven = outside.survived
            return .ok(name, "a daemon died with the jail" + (isProven ? "" : ", but none lived on outside either"))
        } catch { return .fail(name, error) }
    }

    /// Whether anyone still holds a pipe after `run`, which tells the daemon's process id.
    private static func survives(
        _ run: (Descriptor) throws(GloveboxError) -> Int32
    ) throws(GloveboxError) -> (pid: Int32, survived: Bool) {
        let read: Descriptor
        let pid: Int32
        do {
            let pipe = try makePipe()
            read = pipe.read
            pid = try run(pipe.write)
        }
        var polled = pollfd(fd: read.raw, events: Int16(POLLIN), revents: 0)
        _ = unsafe poll(&polled, 1, 0)
        return (pid, polled.revents & Int16(POLLHUP) == 0)
    }

    private static func makePipe() throws(GloveboxError) -> (read: Descriptor, write: Descriptor) {
        do { return try Descriptor.pipe() } catch { throw error.coded("jail.probe") }
    }
}
