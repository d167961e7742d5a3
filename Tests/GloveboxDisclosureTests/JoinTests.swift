import GloveboxCore
import GloveboxDisclosure
import GloveboxPolicy
import Testing

@Suite struct JoinTests {
    static func description(_ name: String, _ columns: String, unit: String = "{column: who, kind: id}") throws
        -> DatasetDescription
    {
        try DatasetDescription(
            Bench.yaml(
                """
                apiVersion: glovebox/v1
                kind: Dataset
                metadata: {name: \(name), version: 1}
                privacy_unit: \(unit)
                columns: \(columns)
                """
            )
        )
    }

    static func input(_ dataset: String, _ columns: String, joins: String, more: String = "") throws -> InputPolicy {
        try InputPolicy(
            Bench.yaml(
                """
                apiVersion: glovebox/v1
                kind: InputPolicy
                metadata: {name: \(dataset)-default, version: 1}
                dataset: \(dataset)
                columns: \(columns)
                joins: \(joins)
                \(more)
                """
            )
        )
    }

    static func sides(
        with first: String = "{\"on\": unit, with: [people]}",
        _ second: String = "{\"on\": unit, with: [visits]}",
        shown: String = "[id, sex, ward]",
        more: (String, String) = ("", "")
    ) throws -> (DatasetJoin.Side, DatasetJoin.Side) {
        let visits = try description(
            "visits",
            #"[{name: who, type: id}, {name: ward, type: category, codes: ["a", "b"]}, {name: days, type: integer, min: "0", max: "9"}]"#
        )
        let people = try description(
            "people",
            #"[{name: id, type: id}, {name: sex, type: category, codes: ["f", "m"]}, {name: ward, type: category, codes: ["x", "y"]}]"#,
            unit: "{column: id, kind: id}"
        )
        return (
            (visits, try input("visits", "[who, ward, days]", joins: first, more: more.0)),
            (people, try input("people", shown, joins: second, more: more.1))
        )
    }

    @Test func `rows of one unit meet, and no others`() throws {
        let (first, second) = try Self.sides()
        let join = try DatasetJoin(first, second)
        #expect(join.description.columns.map(\.name) == ["who", "ward", "days", "sex", "people.ward"])
        #expect(join.description.join == "people" && join.description.name == "visits")
        let visits = try Bench.table(first.description, "who,ward,days\np1,a,1\np2,b,2\np1,b,3\np9,a,4\np3,a,5\n")
        let people = try Bench.table(second.description, "id,sex,ward\np3,m,x\np7,f,y\np1,f,y\np2,m,x\np1,f,x\n")
        let table = try visits.joined(with: people, as: join.description)
        let rows = (0..<table.rowCount).map { row in (0..<5).map { table.text(column: $0, row: row) ?? "" } }
        #expect(
            rows == [
                ["p1", "a", "1", "f", "y"], ["p1", "a", "1", "f", "x"], ["p2", "b", "2", "m", "x"],
                ["p1", "b", "3", "f", "y"], ["p1", "b", "3", "f", "x"], ["p3", "a", "5", "m", "x"],
            ]
        )
        #expect(table.unitCount == 3 && table.unitLookup == [0, 0, 1, 0, 0, 2])
        // A unit has the tag that it has in each dataset by itself, so that releases can be compared.
        let key = try LineageKey([UInt8](repeating: 7, count: 32))
        #expect(Set(table.unitTags(key)).isSubset(of: Set(visits.unitTags(key)).intersection(people.unitTags(key))))
    }

    @Test func `both owners' conditions hold, under the names of the join`() throws {
        let filter = #"row_filter: [{column: ward, op: eq, value: "x"}]"#
        let (first, second) = try Self.sides(
            more: ("purposes: [teaching, audit]", filter + "\npurposes: [audit]\nmock: {rows: 20}")
        )
        let policy = try DatasetJoin(first, second).inputPolicy
        #expect(policy.columns == ["who", "ward", "days", "sex", "people.ward"])
        #expect(policy.rowFilter.map(\.column) == ["people.ward"])
        #expect(policy.purposes == ["audit"] && policy.mockRows == 20 && policy.joins == .forbid)
    }

    @Test func `what one owner does not allow is refused, with the reason`() throws {
        func refusal(_ sides: (DatasetJoin.Side, DatasetJoin.Side)) -> String? {
            #expect(throws: GloveboxError.self) { try DatasetJoin(sides.0, sides.1) }?.code
        }
        #expect(refusal(try Self.sides(with: "forbid")) == "join.forbidden")
        #expect(refusal(try Self.sides("forbid")) == "join.forbidden")
        #expect(refusal(try Self.sides("{\"on\": unit, with: [others]}")) == "join.forbidden")
        #expect(refusal(try Self.sides(shown: "[sex]")) == "join.unit")
        #expect(refusal(try Self.sides(more: ("purposes: [a]", "purposes: [b]"))) == "join.purposes")
        let (visits, _) = try Self.sides()
        let rows = try Self.description(
            "people",
            #"[{name: sex, type: category, codes: ["f", "m"]}]"#,
            unit: "{column: row, kind: row-number}"
        )
        let open = try Self.input("people", "[sex]", joins: "{\"on\": unit, with: [visits]}")
        #expect(refusal((visits, (rows, open))) == "join.unit")
        let own = try Self.input("visits", "[who]", joins: "{\"on\": unit, with: [visits]}")
        #expect(refusal(((visits.description, own), (visits.description, own))) == "join.forbidden")
    }

    @Test func `a spec is for the join it names and for no other rows`() throws {
        let description = try DatasetJoin(Self.sides().0, Self.sides().1).description
        try description.checkJoin("people")
        #expect(throws: GloveboxError("spec.join", "")) { try description.checkJoin(nil) }
        #expect(throws: GloveboxError("spec.join", "")) { try description.checkJoin("others") }
        #expect(throws: GloveboxError("spec.join", "")) { try Self.sides().0.description.checkJoin("people") }
    }
}
