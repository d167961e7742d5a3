import Glibc
import GloveboxCore
import TestSupport
import Testing

/// The broker's secret in a TPM, with the real programs.
@Suite(.serialized) struct SealedKeyTests {
    @Test func `another supervisor's binary gets no secret from the TPM before the owner signs`() throws {
        let scratch = try TestPrograms.scratch()
        // The TPM's directory stands beside the state directory, and its own user must reach it.
        try #require(unsafe chmod(scratch, 0o711) == 0)
        let (state, owner) = (scratch + "/site", scratch + "/owner.pem")
        let found = ["init", "--state", state, "--name", "t", "--origin", "log.t.example"]
        try #require(try TestPrograms.run("gloveboxd", found).status == 0)
        let seal = ["keys", "seal", "--state", state, "--owner", owner, "--tpm", "swtpm", "--json"]
        let first = try TestPrograms.run("gloveboxd", seal)
        try #require(first.status == 0, "\(first.output)")
        let sealed = try JSONReader.read(Array(first.output.utf8.filter { $0 != 10 }))
        #expect(sealed["keeper"]?.string == "emulated-swtpm")
        let programs = try #require(
            TestPrograms.path("gloveboxd").lastIndex(of: "/").map { TestPrograms.path("gloveboxd")[..<$0] }
        )
        #expect(try serve(String(programs), state).contains("ready "))

        // The same programs, and a supervisor that differs by a byte at its end.
        let upgrade = scratch + "/upgrade"
        let copy = """
            mkdir '\(upgrade)' && cd '\(programs)' && cp gloveboxd glovebox-jail glovebox-check libglovebox-fixed.so \
            '\(upgrade)' && printf x >> '\(upgrade)/gloveboxd'
            """
        try #require(try TestPrograms.run("/bin/sh", ["-ec", copy]).status == 0)
        let refused = try serve(upgrade, state)
        #expect(refused.contains("kbs.sealed") && refused.contains("kek.state") && !refused.contains("ready "))
        let again = try TestPrograms.run(upgrade + "/gloveboxd", seal)
        #expect(again.status == 0, "\(again.output)")
        #expect(try serve(upgrade, state).contains("ready "))
        // The supervisor before is withdrawn.
        let old = try serve(String(programs), state)
        #expect(old.contains("kbs.sealed") && !old.contains("ready "))
    }

    /// Serves until it is ready or ends; what it said.
    private func serve(_ programs: String, _ state: String) throws -> String {
        let script = """
            '\(programs)/gloveboxd' serve --state '\(state)' --tpm swtpm --accept-disk > '\(state)/said' 2>&1 &
            process=$!
            for i in $(seq 600); do
              if grep -q '^ready ' '\(state)/said' || ! kill -0 $process 2>/dev/null; then break; fi
              sleep 0.1
            done
            kill $process 2>/dev/null || true
            wait $process || true
            cat '\(state)/said'
            """
        return try TestPrograms.run("/bin/sh", ["-c", script]).output
    }
}
