import GloveboxCore
import GloveboxJail

/// JSON from outside, and the seccomp profile it may be.
enum JSONTarget: FuzzTarget {
    static let name = "json"

    static let seeds: [[UInt8]] = [
        Array(#"{"a":[1,-2.5e3,true,null,"é😀\u0041\ud83d\ude00"],"b":{"":0}}"#.utf8),
        Array(
            #"{"profile":"glovebox-seccomp/2","name":"x","about":"","allow":[{"name":"n","why":"w","calls":["read"],"when":[{"argument":0,"is":"equal","value":"0x1"}]}],"refuse":[{"name":"m","why":"w","calls":["ptrace"]}]}"#
                .utf8
        ),
    ]

    static func read(_ bytes: [UInt8]) {
        do {
            let value = try JSONReader.read(bytes)
            let again = CanonicalJSON.encode(value)
            let third = CanonicalJSON.encode(try JSONReader.read(again))
            precondition(third == again, "the canonical form is not one")
        } catch {}
        do { _ = try SeccompProfile(parsing: bytes).compiledAnew() } catch {}
    }
}
