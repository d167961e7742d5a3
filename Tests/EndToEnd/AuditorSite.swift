import Glibc
import GloveboxCore
import GloveboxLinux
import GloveboxTransparency
import TestSupport
import Testing

/// A small real site, an auditor of it, and the export that the auditor made, unpacked.
struct AuditorSite {
    static let origin = "log.t.example"

    private let state: String
    /// The log's key with its secret part, for forgeries that even the signature does not show.
    let signer: NoteSigner
    /// The key of the log, as text.
    var key: String { signer.key.vkey }
    /// The archive.
    var archive: String { state + "/audit.tar" }
    /// The unpacked export.
    var export: String { state + "/export" }

    /// Founds the site, makes the export and stops the site.
    init() throws {
        state = try TestPrograms.scratch()
        let founding = ["init", "--state", state, "--name", "t", "--origin", Self.origin, "--plan-quorum", "1"]
        try #require(try TestPrograms.run("gloveboxd", founding).status == 0)
        let (daemon, output) = try TestPrograms.start("gloveboxd", ["serve", "--state", state, "--accept-disk"])
        defer {
            daemon.kill()
            do { _ = try daemon.wait() } catch {}
        }
        var line: [UInt8] = []
        while !String(decoding: line, as: UTF8.self).contains("ready") { line += try output.read(upTo: 512) }
        let token = state + "/audrey.token"
        let operators = ["--profile", state + "/operator"]
        signer = try NoteSigner(
            parsing: String(decoding: LogOnDisk.read(state + "/keys/log/log.key"), as: UTF8.self)
        )
        for arguments in [
            ["account", "add", "audrey", "--role", "auditor", "--token-out", token] + operators,
            ["login", "unix://\(state)/api.sock", "--token-file", token, "--profile", "audrey"],
            ["audit", "export", "--out", archive, "--profile", "audrey"],
            ["audit", "unpack", archive, "--out", export],
        ] {
            let run = try glovebox(arguments)
            try #require(run.status == 0, "\(arguments): \(run.output)")
        }
        // Those who may not see private parts get none.
        let refused = try glovebox(["audit", "export", "--out", state + "/no.tar"] + operators)
        #expect(refused.status == 6 && refused.output.contains("auth.forbidden"), "\(refused.output)")
    }

    /// Runs `glovebox` with the profiles of this site.
    func glovebox(_ arguments: [String]) throws -> TestPrograms.Outcome {
        try TestPrograms.run("glovebox", arguments, environment: ["GLOVEBOX_CONFIG=\(state)/people"])
    }

    /// Runs `glovebox audit` on the unpacked export, or another directory.
    func audit(_ command: String, _ arguments: [String] = [], log: String? = nil) throws -> TestPrograms.Outcome {
        try glovebox(["audit", command] + arguments + ["--log", log ?? export, "--key", key])
    }

    /// A place for one more file or directory.
    func path(_ name: String) -> String { state + "/" + name }
}
