import GloveboxCore
import GloveboxJail
import Testing

/// Reading a profile.
@Suite struct SeccompProfileTests {
    private static func profile(allow: String, refuse: String = "", more: String = "") -> [UInt8] {
        Array(
            """
            {"profile":"glovebox-seccomp/2","name":"x","about":"","allow":[\(allow)],"refuse":[\(refuse)]\(more)}
            """.utf8
        )
    }

    private static func rule(_ name: String, _ calls: String, _ when: String = "") -> String {
        #"{"rule":"\#(name)","why":"w","calls":[\#(calls)]\#(when.isEmpty ? "" : #","when":[\#(when)]"#)}"#
    }

    @Test func `reads a profile that is right`() throws {
        let local = Self.rule("local", #""socket""#, #"{"argument":0,"in":{"AF_UNIX":"0x1"}}"#)
        let other = Self.rule("no-network", #""socket""#, #"{"argument":0,"not-in":{"AF_UNIX":"0x1"}}"#)
        let more = #","numbers":{"x86_64":{"mseal":462}},"unknown":[\#(Self.rule("new", #""mseal""#))]"#
        let profile = try SeccompProfile(parsing: Self.profile(allow: local, refuse: other, more: more))
        #expect(profile.rule(refusing: "socket")?.name == "no-network")
        #expect(profile.number(of: "mseal") == 462)
        #expect(profile.name(of: 462) == "mseal")
        #expect(profile.notifies)
    }

    @Test func `a call that the library cannot name is told under its rule all the same`() throws {
        let profile = try ShippedProfiles.named("default")
        for call in ["cachestat", "statmount", "listmount", "open_tree_attr"] {
            let number = try #require(profile.number(of: call))
            #expect(profile.rule(refusing: "call-\(number)") == profile.rule(refusing: call))
            #expect(profile.rule(refusing: call) != nil)
            #expect(profile.name(of: number) == call)
        }
    }

    @Test(arguments: [
        (rule("a", #""read""#), "", #","more":1"#),  // unknown members
        (#"{"rule":"a","why":"w","calls":["read"],"if":1}"#, "", ""),
        (#"{"why":"w","calls":["read"]}"#, "", ""),  // members that are missing or empty
        (#"{"rule":"a","calls":["read"]}"#, "", ""),
        (rule("a", ""), "", ""),
        (rule("", #""read""#), "", ""),
        (rule("a", #""nosuch""#), "", ""),  // a call no one knows
        (rule("a", "1"), "", ""),
        (rule("a", #""read""#) + "," + rule("a", #""write""#), "", ""),  // doubles
        (rule("a", #""read""#) + "," + rule("b", #""read""#), "", ""),
        (rule("a", #""read","read""#), "", ""),
        (rule("a", #""read""#), rule("b", #""read""#), ""),
        (rule("a", #""read""#), rule("b", #""read""#, #"{"argument":0,"in":{"x":"0x1"}}"#), ""),
        (rule("a", #""read""#, #"{"argument":0,"in":{"x":"0x1"}}"#), rule("b", #""read""#), ""),
        (rule("a", #""read""#), "", #","unknown":[\#(rule("b", #""read""#))]"#),
        (rule("a", #""read""#), "", #","unknown":1"#),
        (rule("a", #""read""#), "", #","otherwise":"allow""#),
        (rule("a", #""mseal""#), "", #","numbers":{"x86_64":{"mseal":1073741824}}"#),  // numbers
        (rule("a", #""read""#), "", #","numbers":{"x86_64":{"read":7}}"#),
        (rule("a", #""read""#), "", #","numbers":{"m68k":{}}"#),
        (rule("a", #""read""#), "", #","numbers":{"x86_64":{"mseal":462,"other":462}}"#),
    ])
    func `refuses a profile with anything unknown, missing or double in it`(allow: String, refuse: String, more: String)
    {
        #expect(throws: GloveboxError.self) {
            try SeccompProfile(parsing: Self.profile(allow: allow, refuse: refuse, more: more))
        }
    }

    @Test(arguments: [
        "", "1", "{}", #"{"argument":0}"#, #"{"argument":6,"in":{"x":"0x1"}}"#, #"{"argument":0,"in":{}}"#,
        #"{"argument":0,"in":{"x":1}}"#, #"{"argument":0,"in":{"x":"1"}}"#, #"{"argument":0,"in":{"x":"0xG"}}"#,
        #"{"argument":0,"in":{"x":"0x+1"}}"#, #"{"argument":0,"in":{"x":"0x1","y":"0x1"}}"#,
        #"{"argument":0,"in":{"x":"0x1"},"clear":{"x":"0x1"}}"#, #"{"argument":0,"mask":"0x1","in":{"x":"0x2"}}"#,
        #"{"argument":0,"mask":"0x1","clear":{"x":"0x1"}}"#, #"{"argument":0,"any":{"x":"0x3"}}"#,
        #"{"argument":0,"not-in":{"x":"0x1","y":"0x2"}}"#, #"{"argument":0,"in":{"x":"0x1"},"more":1}"#,
        #"{"argument":0,"in":{"x":"0x1"}},{"argument":0,"in":{"x":"0x1"}}"#,
    ])
    func `refuses a condition that is not well formed`(condition: String) {
        let rule = #"{"rule":"a","why":"w","calls":["read"],"when":[\#(condition)]}"#
        #expect(throws: GloveboxError.self) { try SeccompProfile(parsing: Self.profile(allow: rule)) }
    }

    @Test(arguments: ShippedProfiles.names)
    func `a shipped profile that was cut short is refused`(name: String) throws {
        let bytes = try #require(ShippedProfiles.bytes(name))
        for count in stride(from: 0, to: bytes.count - 1, by: 97) {
            #expect(throws: GloveboxError.self) { try SeccompProfile(parsing: Array(bytes[..<count])) }
        }
    }

    @Test func `an unknown profile is refused with the names that exist`() {
        #expect(throws: GloveboxError("profile.unknown", "")) { try ShippedProfiles.named("none") }
    }
}
