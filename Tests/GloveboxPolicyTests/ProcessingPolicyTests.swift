import GloveboxCore
import GloveboxDocuments
import GloveboxPolicy
import Testing

@Suite struct ProcessingPolicyTests {
    static let head = "apiVersion: glovebox/v1\nkind: ProcessingPolicy\nmetadata: {name: test, version: 1}\n"

    static func policy(_ text: String) throws -> ProcessingPolicy {
        try ProcessingPolicy(StrictYAML.read(Array((head + text).utf8)))
    }

    static func request(
        image: String = "python",
        profile: String = "default",
        wall: Int64 = 60,
        environment: [(name: String, value: String)] = [],
        steps: Int = 1
    ) -> ProcessingRequest {
        let limits = JobLimits(
            cpuSeconds: 60,
            wallSeconds: wall,
            memoryBytes: 268_435_456,
            pids: 64,
            diskBytes: 268_435_456,
            files: 1000
        )
        return ProcessingRequest(
            image: (name: image, digest: .zero),
            jailProfile: profile,
            limits: limits,
            environment: environment,
            steps: steps
        )
    }

    @Test func `allows what it says and nothing else`() throws {
        let policy = try Self.policy("images: [python]\nlimits: {max_wall_seconds: 60}")
        #expect(policy.violations(of: Self.request(environment: [("LANG", "C.UTF-8")])).isEmpty)
        let found = policy.violations(
            of: Self.request(
                image: "other",
                profile: "wide",
                wall: 61,
                environment: [("HOME", "/"), ("TZ", "/etc/passwd"), ("LANG", "a\n")],
                steps: 2
            )
        )
        #expect(
            found.map(\.code) == [
                "processing.image", "processing.jail-profile", "processing.limit", "processing.environment",
                "processing.environment", "processing.environment", "processing.steps",
            ]
        )
    }

    @Test func `protections are demanded by name, and what is no such name is refused`() throws {
        #expect(try Self.policy("protections: [landlock, control-groups]").protections == [.controlGroups, .landlock])
        let bare = try Self.policy("").document.canonical
        #expect(bare["protections"] == nil, "policies that are in force keep their digest")
        for text in ["[landlok]", "[landlock, landlock]", "[]", "landlock", "[1]"] {
            #expect(throws: GloveboxError.self, "\(text)") { try Self.policy("protections: " + text) }
        }
    }

    @Test func `a later policy may demand more protections, not fewer`() throws {
        func merge(_ above: String, _ below: String) throws -> [Protection] {
            let values = try [above, below].map { try StrictYAML.read(Array((Self.head + $0).utf8)) }
            return try ProcessingPolicy(PolicyMerge(values).document.canonical).protections
        }
        #expect(try merge("", "protections: [landlock]") == [.landlock])
        #expect(try merge("protections: [landlock]", "") == [.landlock])
        #expect(try merge("protections: [landlock]", "protections: [landlock, cpuset]") == [.cpuset, .landlock])
        for fewer in ["protections: [cpuset]", "protections: [cpuset, seccomp]"] {
            #expect(throws: GloveboxError("policy.loosens", "")) { try merge("protections: [landlock]", fewer) }
        }
    }

    @Test func `an image may be named by digest`() throws {
        let policy = try Self.policy("images: [\"\(Digest.zero.named)\"]")
        #expect(policy.violations(of: Self.request(image: "anything")).isEmpty)
    }

    @Test(arguments: ["LD_PRELOAD", "PYTHONPATH", "PATH", "NODE_OPTIONS", "lower", "1A", "A=B", "GCONV_PATH", ""])
    func `refuses variables that change which code is loaded`(name: String) {
        #expect(throws: GloveboxError("document.value", "")) { try Self.policy("environment: [\"\(name)\"]") }
    }

    @Test(arguments: ["images: [\"../x\"]", "limits: {max_pids: 0}", "plan_quorum: {min_approvals: 0}", "max_steps: 0"])
    func `refuses values out of range`(text: String) {
        #expect(throws: GloveboxError("document.value", "")) { try Self.policy(text) }
    }

    @Test func `requires the deterministic mode where it says so`() throws {
        let policy = try Self.policy("determinism: required")
        #expect(policy.violations(of: Self.request()).map(\.code) == ["processing.determinism"])
    }
}
