import Glibc
import TestSupport
import Testing

/// What the tests start leaves nothing behind, not even a dead child: the runner would stand still before it.
struct RunningProgramTests {
    @Test func `a program that nobody refers to any more is killed and waited for`() throws {
        func started() throws -> Int32 { try TestPrograms.start("/bin/sleep", ["1000"]).0.pid }
        #expect(waitpid(try started(), nil, WNOHANG) == -1 && errno == ECHILD)
    }

    @Test func `a program can be waited for twice, and killed when it is gone`() throws {
        let program = try TestPrograms.start("/bin/sh", ["-c", "exit 3"]).0
        #expect(try program.wait() == 3 << 8)
        program.kill()
        #expect(try program.wait() == 3 << 8)
    }
}
