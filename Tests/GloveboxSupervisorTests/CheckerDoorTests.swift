import Glibc
import GloveboxCore
import GloveboxJail
import GloveboxLinux
import GloveboxTables
import TestSupport
import Testing

@testable import GloveboxSupervisor

/// Checkers that a hostile file has taken over or broken.
@Suite struct CheckerDoorTests {
    private static let compiler: String? = ["/usr/bin/cc", "/usr/bin/gcc"].first { unsafe access($0, X_OK) == 0 }

    /// What such a checker does with a whole answer at hand.
    enum Fault: String, CaseIterable {
        case none = "say(sizeof answer); return 0;"
        case crashes = "say(sizeof answer); *(volatile int *)0 = 1; return 0;"
        case aborts = "say(sizeof answer); abort();"
        case fails = "say(sizeof answer); return 1;"
        case eatsMemory = "for (;;) { char *p = malloc(1 << 20); if (!p) abort(); memset(p, 1, 1 << 20); }"
        case callsOther = "say(sizeof answer); getppid(); return 0;"
        case asksForLimits = "struct rlimit l = {1, 1}; say(sizeof answer); prlimit(0, RLIMIT_CPU, &l, 0); return 0;"
        case saysNothing = "return 0;"
        case saysHalf = "say(sizeof answer - 1); return 0;"
        case saysMore = "say(sizeof answer); say(1); return 0;"
    }

    @Test(.enabled(if: compiler != nil, "needs a C compiler"), arguments: Fault.allCases)
    func `a checker that crashes, is killed, calls or says what it may not is a refusal`(fault: Fault) throws {
        let answer = OpaqueFile.Answer.refused(.json)
        let bytes = OpaqueWire.encode(answer).map { String($0) }.joined(separator: ",")
        let source = """
            #define _GNU_SOURCE
            #include <stdlib.h>
            #include <string.h>
            #include <sys/resource.h>
            #include <unistd.h>
            static const unsigned char answer[] = {\(bytes)};
            static void say(size_t length) { if (write(4, answer, length) != (ssize_t)length) abort(); }
            int main(void) { \(fault.rawValue) }
            """
        let path = try TestPrograms.scratch() + "/checker"
        try Descriptor.open(path + ".c", O_WRONLY | O_CREAT, mode: 0o644).write(Array(source.utf8))
        let arguments = ["-static", "-O0", "-w", "-o", path, path + ".c"]
        let made = try TestPrograms.run(#require(Self.compiler), arguments)
        try #require(made.status == 0, "\(made.output)")
        let door = CheckerDoor(
            jails: try JailReserve(launcher: TestPrograms.path("glovebox-jail"), count: 0),
            program: path
        )
        let found = try door.parse([1, 2, 3], as: .model, maxBytes: 100)
        #expect(found == (fault == .none ? answer : nil))
    }
}
