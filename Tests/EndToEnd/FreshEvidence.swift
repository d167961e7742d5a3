import Glibc
import GloveboxCore
import GloveboxLinux
import TestSupport
import Testing

/// The evidence of a job that really ran, made once for all tests that read it.
struct FreshEvidence {
    /// What names the attester in the demo's certificates.
    static let identity = "https://log.demo.example/glovebox/attester"
    /// Who vouches for it.
    static let issuer = "https://log.demo.example"

    /// What the report must carry.
    static let nonce = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"

    /// The evidence directory, with the released table.
    let directory: String
    /// The site's state directory.
    let state: String
    /// What the demo said.
    let output: String

    private static let made = Result { try FreshEvidence() }

    /// The evidence, made by the first who asks.
    static func shared() throws -> FreshEvidence { try made.get() }

    private init() throws {
        state = try TestPrograms.scratch()
        directory = state + "/release"
        let data = (TestPrograms.variable("GLOVEBOX_DEMO_DATA") ?? "/nonexistent") + "/fair.csv"
        let demo = try TestPrograms.run(
            "glovebox",
            ["demo", "--state", state, "--data", data, "--eat", "--nonce", Self.nonce],
            environment: TestPrograms.variable("GLOVEBOX_IMAGES").map { ["GLOVEBOX_IMAGES=" + $0] } ?? []
        )
        output = demo.output
        try #require(demo.status == 0, "\(demo.output)")
    }

    /// A copy that may be changed.
    func copy() throws -> FreshEvidence {
        let state = try TestPrograms.scratch()
        try #require(try TestPrograms.run("/bin/cp", ["-r", directory, state + "/release"]).status == 0)
        return FreshEvidence(directory: state + "/release", state: state, output: output)
    }

    private init(directory: String, state: String, output: String) {
        self.directory = directory
        self.state = state
        self.output = output
    }

    /// Replaces a text in one of the files, everywhere it stands.
    func edit(_ file: String, _ old: String, _ new: String) throws {
        let text = String(decoding: try LogOnDisk.read(directory + "/" + file), as: UTF8.self)
        try #require(text.contains(old), "\(file) does not hold \(old)")
        try LogOnDisk.write(Array(text.replacing(old, with: new).utf8), directory + "/" + file)
    }

    /// Runs a shell command in the evidence directory, with no network.
    func shell(_ command: String) throws -> TestPrograms.Outcome {
        let tools = TestPrograms.variable("GLOVEBOX_THIRD_PARTY") ?? "/nonexistent"
        return try TestPrograms.run(
            "/usr/bin/unshare",
            ["-n", "/bin/bash", "-c", "cd \(directory); export HOME=$PWD PATH=\(tools)/evidence/bin:$PATH; \(command)"]
        )
    }
}
