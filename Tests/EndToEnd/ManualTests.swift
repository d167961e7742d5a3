import Glibc
import GloveboxCore
import GloveboxLinux
import GloveboxStore
import TestSupport
import Testing

/// What `Deploy/manual` installs.
@Suite struct ManualTests {
    @Test func `every command has a man page without a warning, and the shells take the completions`() throws {
        let prefix = try TestPrograms.scratch()
        let programs = String(TestPrograms.path("glovebox").dropLast("/glovebox".count))
        let made = try TestPrograms.run(TestPrograms.repository + "/Deploy/manual", [programs, prefix])
        try #require(made.status == 0, "\(made.output)")
        let pages = try Directory(prefix + "/share/man/man1").names()
        for page in ["glovebox.1", "glovebox-backup.1", "glovebox-audit-verify.1", "glovebox-dataset-add.1"] {
            #expect(pages.contains(page), "\(page)")
        }
        // Every command that --help lists has one.
        let help = try TestPrograms.run("glovebox", ["--help"]).output
        let listed = help.split(separator: "\n").filter {
            $0.hasPrefix("  ") && !$0.hasPrefix("   ") && !$0.hasPrefix("  -")
        }
        let commands = listed.compactMap { $0.split(separator: " ").first.map(String.init) }
            .filter { !$0.isEmpty && $0 != "glovebox" && $0 != "help" }
        #expect(commands.count > 30)
        for command in commands { #expect(pages.contains("glovebox-\(command).1"), "\(command)") }
        let daemon = try Directory(prefix + "/share/man/man8").names()
        #expect(daemon.contains("gloveboxd-serve.8") && !daemon.contains("gloveboxd-broker.8"))
        let text = try read(prefix + "/share/man/man1/glovebox-backup.1")
        #expect(text.contains("\\-\\-keys") && text.contains(".SH EXAMPLE"))
        let bash = prefix + "/share/bash-completion/completions/glovebox"
        let checked = try TestPrograms.run("/bin/bash", ["-n", bash])
        #expect(checked.status == 0, "\(checked.output)")
        for file in [
            bash, prefix + "/share/zsh/site-functions/_glovebox",
            prefix + "/share/fish/vendor_completions.d/glovebox.fish",
        ] {
            #expect(try read(file).contains("backup"), "\(file)")
        }
        // As a shell asks for it: what may come after `glovebox bac`.
        let asked = "source \(bash); COMP_WORDS=(glovebox bac); COMP_CWORD=1; _glovebox; echo \"${COMPREPLY[@]}\""
        let completed = try TestPrograms.run("/bin/bash", ["-c", asked])
        #expect(completed.output.contains("backup"), "\(completed.output)")
    }

    private static var hasMan: Bool { unsafe access("/usr/bin/man", X_OK) == 0 }

    @Test(.enabled(if: hasMan, "needs man"))
    func `the man pages are free of warnings`() throws {
        let prefix = try TestPrograms.scratch()
        let programs = String(TestPrograms.path("glovebox").dropLast("/glovebox".count))
        try #require(try TestPrograms.run(TestPrograms.repository + "/Deploy/manual", [programs, prefix]).status == 0)
        let script =
            "for f in \(prefix)/share/man/man*/*; do man --warnings -E UTF-8 -l -Tutf8 \"$f\" 2>&1 >/dev/null; done"
        let outcome = try TestPrograms.run("/bin/bash", ["-c", script])
        #expect(outcome.status == 0 && outcome.output.isEmpty, "\(outcome.output.prefix(2000))")
    }

    private func read(_ path: String) throws -> String {
        String(decoding: try Descriptor.open(path, O_RDONLY).readAll(limit: 1 << 22), as: UTF8.self)
    }
}
