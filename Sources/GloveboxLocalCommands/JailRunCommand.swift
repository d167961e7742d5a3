package import ArgumentParser
internal import Glibc
internal import GloveboxCore
internal import GloveboxJail
internal import GloveboxLinux

/// `glovebox jail run`: one command, one jail, no daemon and no state.
package struct JailRunCommand: ParsableCommand {
    package static let configuration = CommandConfiguration(
        commandName: "run",
        // It is parsed by itself; without this its texts would not name the whole command.
        _superCommandName: "glovebox jail",
        abstract: "Run one command in a jail: no network, no host files, no privileges, hard limits.",
        discussion: """
            The root is read-only. /tmp and /out are private and empty; with --out, what the command leaves in /out is \
            copied when its last process is dead. The jail is built by the host's kernel and emulates an enclave; \
            root on the host can look inside.

            EXAMPLES
              glovebox jail run --rootfs / -- python3 -c 'print(1 + 1)'
              glovebox jail run --rootfs python --memory 64M --wall 10s --json -- python3 job.py
              glovebox jail run --rootfs python --deterministic --seed 7 -- python3 job.py
              glovebox jail run --rootfs / --bind-ro "$PWD:/code" --out results -- sh /code/run.sh

            EXIT STATUS
              The command's own; 128+n when signal n ended it; 124 wall clock; 125 the jail was not built;
              126 not executable; 127 not found.
            """
    )

    @Option(
        help: ArgumentHelp(
            "The root: a directory, an image file, or the name of an image in the store.",
            valueName: "DIR|IMAGE"
        )
    )
    var rootfs: String

    @Option(
        name: .customLong("bind-ro"),
        help: ArgumentHelp("Show a host path read-only; repeatable.", valueName: "SRC:DST")
    )
    var binds: [String] = []

    @Option(help: ArgumentHelp("Receive the files of /out here after the end.", valueName: "DIR"))
    var out: String?

    @Option(help: "Seccomp profile.")
    var profile: String = "default"

    @Option(help: "Memory of all processes, tmpfs included.")
    var memory: ByteSize = ByteSize(bytes: 2 << 30)

    @Option(help: "Processes and threads.")
    var pids: UInt64 = 128

    @Option(help: "Processors; fractions are allowed.")
    var cpus: ProcessorShare = ProcessorShare(thousandths: 1000)

    @Option(
        help: ArgumentHelp(
            "Read so much a second from each disk; unlimited by default. What the jail writes is memory.",
            valueName: "BYTES"
        )
    )
    var diskRate: ByteSize?

    @Option(help: "Wall-clock limit.")
    var wall: WallTime?

    @Option(help: "Send SIGTERM at the wall-clock limit and end the jail this much later.")
    var grace: WallTime?

    @Flag(help: "Read the image through a page cache no other jail shares; slower to start.")
    var isolatedCache = false

    @Option(help: "Forward so much of stdout; the rest is read and dropped.")
    var stdoutLimit: ByteSize = ByteSize(bytes: 1 << 20)

    @Option(help: "Forward so much of stderr; the rest is read and dropped.")
    var stderrLimit: ByteSize = ByteSize(bytes: 64 << 10)

    @Option(name: .customLong("env"), help: ArgumentHelp("Set a variable; the rest is empty.", valueName: "NAME=VALUE"))
    var environment: [String] = []

    @OptionGroup var fixed: FixedOptions

    @Flag(help: "Write one JSON object about the run when it ends.")
    var json = false

    @Option(name: .customLong("json-fd"), help: "Descriptor for --json.")
    var jsonDescriptor: Int32 = 2

    @Argument(parsing: .postTerminator, help: "The command, after --.")
    var command: [String]

    package init() {}

    package func validate() throws {
        guard !command.isEmpty else { throw ValidationError("Give the command after --.") }
        if grace != nil, wall == nil { throw ValidationError("--grace goes with --wall.") }
    }

    package func run() throws {
        do {
            let result = try JailDoor(self).run()
            throw ExitCode(result)
        } catch let error as GloveboxError {
            JailReportText.write("glovebox: \(error)\n", to: 2)
            throw ExitCode(125)
        }
    }
}
