import Glibc
import GloveboxCore
import GloveboxJail
import GloveboxLinux
import Synchronization
import TestSupport
import Testing

/// The profiles in real jails.
@Suite(.serialized) struct SeccompWorkloadTests {
    private static let ready = ShippedProfiles.names.filter { SeccompWorkload.missing($0) == nil }

    /// Linux 6.3 brought MFD_NOEXEC_SEAL; before it the rule allows nothing.
    private static let newer: [String: Int32] = ["memory-files": 8]

    @Test(arguments: ready)
    func `every allowed rule is used by a workload that fails without it`(name: String) throws {
        let profile = try ShippedProfiles.named(name)
        let table = SeccompWorkload.table(name)
        for (index, rule) in profile.allowed.enumerated() {
            let workload = try #require(table[rule.name], "no workload for \(rule.name)")
            if let flags = Self.newer[rule.name], !Self.kernelTakes(flags) { continue }
            var without = profile
            without.allowed.remove(at: index)
            #expect(try workload.succeeds(under: profile), "\(rule.name): fails with the rule")
            #expect(try !workload.succeeds(under: without), "\(rule.name): succeeds without the rule")
        }
    }

    private static func kernelTakes(_ flags: Int32) -> Bool {
        // memfd_create
        let made = Kernel.withPath("x") { Kernel.call(319, $0, Int(flags)) }
        if made >= 0 { _ = close(Int32(made)) }
        return made >= 0
    }

    @Test(
        .enabled(if: SeccompWorkload.missing("python") == nil, "needs the image python"),
        arguments: ["default", "python"]
    )
    func `NumPy, pandas, threads, processes and shells work`(name: String) throws {
        let code = """
            import numpy as np, pandas as pd, multiprocessing as mp, concurrent.futures as cf, subprocess, asyncio
            import sqlite3, tempfile, shutil
            def square(x): return x * x
            a = np.random.rand(300, 300); np.linalg.svd(a @ a)
            frame = pd.DataFrame({'a': range(100), 'b': list('xy') * 50})
            frame.groupby('b').mean().to_csv('/tmp/t.csv'); assert len(pd.read_csv('/tmp/t.csv')) == 2
            for method in ('fork', 'forkserver'):
                with mp.get_context(method).Pool(2) as pool: assert pool.map(abs, [-1, -2]) == [1, 2]
            with cf.ThreadPoolExecutor(3) as pool: assert list(pool.map(square, [2])) == [4]
            assert subprocess.run('echo a | cat; ls / | wc -l', shell=True, capture_output=True).stdout[:2] == b'a\\n'
            async def run():
                child = await asyncio.create_subprocess_exec('echo', 'x', stdout=asyncio.subprocess.PIPE)
                assert await child.communicate() == (b'x\\n', None)
            asyncio.run(run())
            base = sqlite3.connect('/tmp/db'); base.execute('create table t(a)'); base.commit()
            with tempfile.TemporaryDirectory() as d: shutil.copy2('/tmp/t.csv', d)
            from multiprocessing import shared_memory
            s = shared_memory.SharedMemory(create=True, size=9); s.close(); s.unlink()
            print('done')
            """
        var specification = JailSpecification(
            root: .image(path: try #require(SeccompWorkload.image), format: .erofs),
            arguments: ["python3", "-c", code],
            profile: try ShippedProfiles.named(name)
        )
        specification.environment = ["PATH": "/usr/bin:/bin", "HOME": "/tmp"]
        specification.limits.wallMilliseconds = 60_000
        let run = try SeccompProbe.run(specification)
        #expect(run.output.hasSuffix("done\n"), "\(run.output)")
        #expect(run.result.denied.isEmpty, "\(run.result.denied)")
    }

    @Test(
        .enabled(if: SeccompProbe.compiler != nil, "needs a C compiler"),
        arguments: ["default", "python", "strict"]
    )
    func `every refused rule is told under its name, and answers EPERM`(name: String) throws {
        let profile = try ShippedProfiles.named(name)
        for rule in profile.refused {
            let run = try SeccompProbe.run(
                profile,
                rule.calls.map { (profile.number(of: $0) ?? -1, rule.witness) }
            )
            #expect(run.output == String(repeating: "-1\n", count: rule.calls.count), "\(rule.name): \(run.output)")
            #expect(Set(run.result.denied.map(\.rule)) == [rule.name])
            #expect(run.result.denied.reduce(0) { $0 + $1.count } == UInt64(rule.calls.count), "\(rule.name)")
        }
    }

    @Test(.enabled(if: SeccompProbe.compiler != nil, "needs a C compiler"), arguments: ["default", "python", "strict"])
    func `high bits do not carry a terminal, file or process command past its rule`(name: String) throws {
        let profile = try ShippedProfiles.named(name)
        let high: UInt64 = 0x7_0000_0000
        let calls: [(Int32, [UInt64])] = [
            (16, [0, high | 0x5412, 0, 0, 0, 0]), (72, [0, high | 1024, 0, 0, 0, 0]),
            (157, [high | 4, 1, 0, 0, 0, 0]), (28, [0, 0, high | 12, 0, 0, 0]),
        ]
        let run = try SeccompProbe.run(profile, calls)
        #expect(run.output == "-1\n-1\n-1\n-1\n")
        #expect(
            run.result.denied.map(\.rule) == [
                "no-terminal-control", "no-leases", "no-process-settings", "no-page-games",
            ]
        )
    }

    @Test(.enabled(if: SeccompProbe.compiler != nil, "needs a C compiler"), arguments: ["default", "python", "strict"])
    func `calls that no rule names are ENOSYS and are not told, and x32 and i386 calls kill`(name: String) throws {
        let profile = try ShippedProfiles.named(name)
        let none: [UInt64] = [0, 0, 0, 0, 0, 0]
        let unknown = try SeccompProbe.run(profile, [(435, none), (600, none), (206, none)])
        #expect(unknown.output == "-38\n-38\n-38\n")
        #expect(unknown.result.denied.isEmpty)
        let other = try SeccompProbe.run(profile, [(0x4000_0000 | 39, none)])
        #expect(other.result.end == .signalled(SIGSYS) && other.output.isEmpty)
        // -2 makes the call by the i386 gate; a kernel without one answers with a fault.
        let old = try SeccompProbe.run(profile, [(-2, none)])
        #expect([.signalled(SIGSYS), .signalled(SIGSEGV)].contains(old.result.end) && old.output.isEmpty)
    }
}
