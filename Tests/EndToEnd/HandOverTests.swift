import Glibc
import GloveboxLinux
import TestSupport
import Testing

/// `glovebox` and the program that it becomes.
@Suite struct HandOverTests {
    @Test func `every command but jail run gets the very bytes and descriptors that were given`() throws {
        // A name that is no UTF-8, and a descriptor that only a shell has opened.
        let script = """
            cd "$1" && printf 'seen' > "$(printf 'odd\\377')" && exec 7<. &&
            "$0" measure "/proc/self/fd/7/$(printf 'odd\\377')" --json
            """
        let scratch = try TestPrograms.scratch()
        func measured(by program: String) throws -> TestPrograms.Outcome {
            try TestPrograms.run("/bin/sh", ["-c", script, TestPrograms.path(program), scratch])
        }
        let (whole, own) = (try measured(by: "glovebox"), try measured(by: "glovebox-commands"))
        #expect(whole.status == own.status && whole.output == own.output, "\(whole.output)\n\(own.output)")
        for arguments in [["--help"], ["--version"], ["jail"], ["jail", "filter", "strict", "--json"], ["no-such"]] {
            let handed = try TestPrograms.run("glovebox", arguments)
            let direct = try TestPrograms.run("glovebox-commands", arguments)
            #expect(handed.status == direct.status && handed.output == direct.output, "\(arguments)")
            #expect(!handed.output.isEmpty)
        }
    }

    @Test func `jail run needs no other program than the launcher, and what is missing is named`() throws {
        let scratch = try TestPrograms.scratch()
        for name in ["glovebox", "glovebox-jail"] {
            try #require(try TestPrograms.run("/bin/cp", [TestPrograms.path(name), scratch]).status == 0)
        }
        let run = try TestPrograms.run(
            scratch + "/glovebox",
            ["jail", "run", "--rootfs", "/", "--", "/bin/sh", "-c", "echo $0"]
        )
        #expect(run.status == 0 && run.output == "/bin/sh\n", "\(run.output)")
        let help = try TestPrograms.run(scratch + "/glovebox", ["jail", "run", "--help"])
        #expect(help.status == 0 && help.output.contains("USAGE: glovebox jail run"), "\(help.output)")
        let other = try TestPrograms.run(scratch + "/glovebox", ["--help"])
        #expect(other.status == 2 && other.output.contains("glovebox-commands must stand beside"), "\(other.output)")
    }

    @Test func `glovebox has no interpreter, so nothing of the host is loaded into it`() throws {
        let file = try Descriptor.open(TestPrograms.path("glovebox"), O_RDONLY).read(upTo: 4096)
        try #require(file.starts(with: [0x7f] + Array("ELF".utf8)))
        // Program headers of ELF64: 56 bytes each from byte 64, their type first; 3 is PT_INTERP.
        let count = Int(file[56]) | Int(file[57]) << 8
        let types = (0..<count).map { file[64 + 56 * $0] }
        #expect(count > 0 && !types.contains(3))
    }
}
