import GloveboxCore
import GloveboxJail
import GloveboxPlan
import Testing

@Suite struct PlanTests {
    private var plan: JailPlan {
        var plan = JailPlan()
        plan.options = [.notify, .privileged, .fixedAddresses]
        plan.hostname = Array("jail".utf8)
        plan.steps = [
            .directory(path: [97], mode: 0o755), .file(path: [98]), .link(target: [99], path: [100]),
            .scratch(path: [101], bytes: 5, inodes: 6, mode: 7, flags: [.exported]),
            .bind(source: [47], path: [102], flags: [.readOnly, .recursive]),
            .attach(descriptor: 7, path: [103], flags: []), .overlay(upper: [104], lower: [105], path: [106]),
            .cover(lower: [109], path: [110]), .processes(path: [107]), .seal(path: [108]), .stage(isAwaited: true),
        ]
        plan.arguments = [[120], [121, 122]]
        plan.programs = [[47, 120]]
        plan.limits = [.init(resource: 4, value: .max)]
        plan.filter = [UInt8](repeating: 0, count: 16)
        plan.descriptors = [5]
        plan.tasks = [7, 8]
        plan.writable = [[47, 116]]
        return plan
    }

    @Test func `a plan reads back as it was written`() { #expect(JailPlan(decoding: plan.encoded) == plan) }

    private var birth: JailBirth {
        var birth = JailBirth()
        birth.options = [.privileged, .leavesHost, .granted, .network]
        birth.initID = 7
        birth.uidMap = Array("0 1 1\n".utf8)
        birth.gidMap = Array("0 2 1\n".utf8)
        return birth
    }

    @Test func `a birth reads back as it was written`() { #expect(JailBirth(decoding: birth.encoded) == birth) }

    @Test func `every cut and every added byte is refused`() {
        let bytes = plan.encoded
        for count in 0..<bytes.count { #expect(JailPlan(decoding: Array(bytes[..<count])) == nil) }
        #expect(JailPlan(decoding: bytes + [0]) == nil)
        let born = birth.encoded
        for count in 0..<born.count { #expect(JailBirth(decoding: Array(born[..<count])) == nil) }
        #expect(JailBirth(decoding: born + [0]) == nil)
        #expect(JailBirth(decoding: [16] + born.dropFirst()) == nil, "a switch that is not known")
    }

    @Test func `a switch that is neither on nor off is refused`() throws {
        var bytes = plan.encoded
        let place = try #require(bytes.firstRange(of: [9, 1]))
        bytes[place.lowerBound + 1] = 3
        #expect(JailPlan(decoding: bytes) == nil)
    }

    @Test func `changed bytes never trap`() {
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<20_000 {
            var bytes = plan.encoded
            for _ in 0..<3 {
                bytes[Int.random(in: 0..<bytes.count, using: &generator)] = .random(in: 0...255, using: &generator)
            }
            _ = JailPlan(decoding: bytes)
        }
    }

    @Test(arguments: ShippedProfiles.names)
    func `every shipped profile loads, and compiles to the same bytes twice`(name: String) throws {
        let profile = try ShippedProfiles.named(name)
        #expect(profile.name == name)
        let filter = try profile.compiled()
        #expect(filter == (try profile.compiled()))
        #expect(filter.count.isMultiple(of: 8) && filter.count > 100)
        for rule in profile.allowed + profile.refused { #expect(!rule.why.isEmpty) }
    }

    @Test(arguments: [
        #"{"profile":"glovebox-seccomp/1","name":"x","about":"","allow":[],"refuse":[],"more":1}"#,
        #"{"profile":"glovebox-seccomp/9","name":"x","about":"","allow":[],"refuse":[]}"#,
        #"{"profile":"glovebox-seccomp/1","name":"x","about":"","allow":[{"why":"w","calls":["nosuch"]}],"refuse":[]}"#,
        #"{"profile":"glovebox-seccomp/1","name":"x","about":"","allow":[{"why":"w","calls":["read"],"when":[{"argument":9,"is":"equal","value":"0x1"}]}],"refuse":[]}"#,
    ])
    func `refuses a profile with anything unknown in it`(text: String) {
        #expect(throws: GloveboxError.self) { try SeccompProfile(parsing: Array(text.utf8)) }
    }
}
