import Glibc
import GloveboxCore
import GloveboxJail
import GloveboxLinux
import Synchronization
import TestSupport

/// A static C program that makes the calls its arguments name and prints what each answered.
enum SeccompProbe {
    struct Run {
        let result: JailResult
        let output: String
    }

    static let compiler: String? = ["/usr/bin/cc", "/usr/bin/gcc"].first { unsafe access($0, X_OK) == 0 }

    private static let source = """
        #include <errno.h>
        #include <stdio.h>
        #include <stdlib.h>
        #include <unistd.h>
        int main(int count, char **words) {
            for (int at = 1; at + 6 < count; at += 7) {
                unsigned long a[6];
                for (int i = 0; i < 6; i++) a[i] = strtoul(words[at + 1 + i], 0, 10);
                long number = atol(words[at]);
                if (number == -2) {
                    long answer = 20;
                    __asm__ volatile("int $0x80" : "+a"(answer) : : "memory");
                    printf("%ld\\n", answer);
                    continue;
                }
                long answer = syscall(number, a[0], a[1], a[2], a[3], a[4], a[5]);
                printf("%d\\n", answer < 0 ? -errno : (int)answer);
                fflush(stdout);
            }
        }
        """

    /// The compiled program, made once.
    private static let program = Result { () throws -> String in
        let directory = try TestPrograms.scratch()
        try Descriptor.open(directory + "/probe.c", O_WRONLY | O_CREAT).write(Array(source.utf8))
        let arguments = ["-static", "-O1", "-o", directory + "/probe", directory + "/probe.c"]
        let made = try TestPrograms.run(compiler ?? "/usr/bin/cc", arguments)
        guard made.status == 0 else { throw GloveboxError("test.compiler", made.output) }
        // The jail's identity goes through this directory.
        guard unsafe chmod(directory, 0o755) == 0 else { throw SyscallError("chmod", errno) }
        return directory + "/probe"
    }

    /// Makes these calls under a profile.
    static func run(_ profile: SeccompProfile, _ calls: [(Int32, [UInt64])]) throws -> Run {
        var specification = JailSpecification(root: .directory("/"), arguments: ["/probe"], profile: profile)
        specification.arguments += calls.flatMap { [String($0.0)] + $0.1.map { String($0) } }
        specification.binds = [.init(source: try program.get(), target: "/probe")]
        specification.limits.wallMilliseconds = 10_000
        return try run(specification)
    }

    /// Runs a jail and collects what it prints.
    static func run(_ specification: JailSpecification) throws -> Run {
        let printed = Mutex<[UInt8]>([])
        var hooks = JailRun.Hooks()
        hooks.output = { bytes, _ in printed.withLock { $0 += bytes } }
        let result = try JailRun(launcher: TestPrograms.path("glovebox-jail")).run(specification, hooks: hooks)
        return Run(result: result, output: String(decoding: printed.withLock { $0 }, as: UTF8.self))
    }
}
