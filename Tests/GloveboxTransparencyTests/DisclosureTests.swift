import GloveboxCore
import Testing

@testable import GloveboxTransparency

@Suite struct DisclosureTests {
    private func logged() throws -> (event: PublicEvent, body: EventBody) {
        var log = AuditLog()
        try log.add(
            Event(
                kind: .userCreated,
                user: "acc_1",
                body: [("account", "acc_1"), ("name", "alice"), ("token", ["a": 1])]
            )
        )
        return (log.events[0], log.bodies[0])
    }

    @Test(arguments: [[], ["token"], ["name", "token"], ["account", "name", "token"]])
    func `any choice of fields still adds up to the commitment`(withheld: [String]) throws {
        let (event, body) = try logged()
        let shown = BodyDisclosure(body, of: 0).withholding(Set(withheld))
        let read = try BodyDisclosure(json: JSONReader.readCanonical(CanonicalJSON.encode(shown.json)))
        try read.check(against: event.bodyCommit)
        for name in ["account", "name", "token"] { #expect((read[name] == nil) == withheld.contains(name)) }
    }

    @Test func `every changed byte of a disclosed body is noticed`() throws {
        let (event, body) = try logged()
        let bytes = CanonicalJSON.encode(BodyDisclosure(body, of: 0, withholding: ["token"]).json)
        for place in bytes.indices {
            var changed = bytes
            changed[place] ^= 1
            let code = Fixtures.code {
                let read = try BodyDisclosure(json: JSONReader.readCanonical(changed))
                // The index is not committed to: the reader finds the leaf by it, which then has another commitment.
                guard read.index == 0 else { throw GloveboxError("audit.body-mismatch", "another leaf") }
                try read.check(against: event.bodyCommit)
            }
            #expect(code != nil, "byte \(place)")
        }
    }

    @Test func `a field left out or moved is noticed`() throws {
        let (event, body) = try logged()
        let json = BodyDisclosure(body, of: 0).json
        for change in [[1, 2], [0, 1], [1, 0, 2], [0, 1, 2, 2]] {
            var object = try #require(json.object)
            let fields = try #require(json["fields"]?.array)
            object["fields"] = .array(change.map { fields[$0] })
            let read = try BodyDisclosure(json: .object(object))
            #expect(Fixtures.code { try read.check(against: event.bodyCommit) } == "audit.body-mismatch")
        }
    }
}
