import GloveboxCore
import Testing

@testable import GloveboxAttestation

/// What another operator's authority answers, and to which question.
@Suite struct TimestampQueryTests {
    private static let signature: [UInt8] = [1, 2, 3, 4]
    private static let policy = "1.3.6.1.4.1.13762.3"
    private static let policyBytes: [UInt8] = [0x2b, 6, 1, 4, 1, 0xeb, 0x42, 3]

    private let site: Site
    private let leaf: [UInt8]
    private let query: TimestampQuery
    /// The number at the end of the question.
    private var nonce: [UInt8] { Array(query.bytes.suffix(16)) }

    init() throws {
        site = try Site()
        leaf = try LeafSpec().issue(site: site, timestamps: true)
        query = try TimestampQuery(over: Self.signature, policy: Self.policy)
    }

    /// A sound answer, spoilt.
    private func answer(_ edit: (inout StampSpec) -> Void = { _ in }) throws -> [UInt8] {
        var spec = StampSpec()
        spec.policy = Self.policyBytes
        spec.nonce = nonce
        edit(&spec)
        return try spec.response(over: Self.signature, by: site.stamps)
    }

    private func check(_ response: [UInt8]) throws(GloveboxError) {
        try query.check(response, by: site.stamps.chain, leaf: leaf)
    }

    @Test func `an answer to the question, by the authority and in the leaf's life, is accepted`() throws {
        try check(answer())
        let open = try TimestampQuery(over: Self.signature, policy: nil)
        let other = try answer {
            $0.nonce = Array(open.bytes.suffix(16))
            $0.policy = [0x88, 0x37, 1]
        }
        try open.check(other, by: site.stamps.chain, leaf: leaf)
    }

    @Test func `an answer to another question, or none, is refused`() throws {
        for response in [
            try answer { $0.nonce = nil }, try answer { $0.nonce = Array(nonce.reversed()) },
            try answer { $0.nonce = [7] }, try answer { $0.policy = [0x88, 0x37, 1] },
            try answer { $0.message = [1] }, try answer { $0.status = 2 }, try answer { $0.key = SigningKey() },
            try answer { $0.trailing = [0] }, try answer { $0.leaveCertificateOut = true },
            Array("<!doctype html><title>Welcome</title>".utf8), [],
            try TimestampQuery(over: Self.signature, policy: nil).bytes,
        ] { #expect(throws: GloveboxError("timestamp.invalid", "")) { try check(response) } }
        let another = try TimestampChain.make(site: "hospital-a", now: Scenario.start)
        let response = try answer()
        #expect(throws: GloveboxError("timestamp.invalid", "")) {
            try query.check(response, by: another.chain, leaf: leaf)
        }
    }

    @Test func `a stale answer, or one from the future, is refused`() throws {
        for seconds in [Int64(40), 1000] {
            let response = try answer { $0.time = Scenario.start.adding(seconds: seconds) }
            #expect(throws: GloveboxError("timestamp.outside-cert", "")) { try check(response) }
        }
    }

    @Test func `every question has a number of its own, and a policy that is one`() throws {
        #expect(try TimestampQuery(over: Self.signature, policy: Self.policy).bytes != query.bytes)
        #expect(query.bytes.firstRange(of: Self.policyBytes) != nil)
        for text in ["", "1", "one.two", "1.2.3 ", "9.9.9", String(repeating: "1.", count: 100) + "1"] {
            #expect(throws: GloveboxError("config.invalid", "")) { try TimestampQuery.checkPolicy(text) }
        }
    }
}
