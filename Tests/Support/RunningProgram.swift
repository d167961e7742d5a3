import Glibc
internal import GloveboxLinux
internal import Synchronization

/// A program that a test started.
///
/// One that nobody refers to any more is killed and waited for: the runner, which waits for the children that exit tests are,
/// stands still before a dead child that nobody waits for.
package final class RunningProgram: Sendable {
    private let process: LaunchedProcess
    private let status = Mutex<Int32?>(nil)

    init(_ process: LaunchedProcess) { self.process = process }

    deinit {
        kill()
        do { _ = try wait() } catch {}
    }

    /// Its process id, which is no other's before the program was waited for.
    package var pid: Int32 { process.pid }

    /// Waits for the end; the wait status, again each time.
    package func wait() throws -> Int32 {
        // Left to be waited for meanwhile, so that one may kill it.
        var info = unsafe siginfo_t()
        var result: Int32
        repeat { result = unsafe waitid(P_PID, id_t(pid), &info, WEXITED | WNOWAIT) } while result < 0 && errno == EINTR
        return try status.withLock { known in
            if let known { return known }
            let status = try process.wait()
            known = status
            return status
        }
    }

    /// Kills it; harmless when it is gone already.
    package func kill() { status.withLock { known in if known == nil { process.kill() } } }
}
