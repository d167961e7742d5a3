import GloveboxCore
import Testing

@testable import GloveboxAttestation

@Suite struct PlanDifferenceTests {
    private func fields(_ edit: (inout Manifest) -> Void) -> [String] {
        let old = Scenario.manifest()
        var new = Scenario.manifest()  // with salts of its own
        edit(&new)
        return PlanDifference(from: old, to: new).changes.map(\.field)
    }

    @Test func `two plans that ask for the same differ in nothing, whatever their salts`() {
        #expect(Scenario.manifest().digest != Scenario.manifest().digest)
        #expect(fields { _ in }.isEmpty)
    }

    @Test func `every part of a plan counts`() {
        #expect(fields { $0.purpose = "another" } == ["purpose"])
        #expect(fields { $0.core.executors[0].argv.append("--all") } == ["core.executors[0].argv"])
        #expect(fields { $0.core.limits.wallSeconds += 1 } == ["core.limits.wallSeconds"])
        #expect(fields { $0.core.image.name = "other" } == ["core.image.name"])
        #expect(fields { $0.policies.output = .zero } == ["policies.output.sha256"])
        #expect(fields { $0.core.executors.append($0.core.executors[0]) } == ["core.executors[1]"])
        #expect(fields { $0.inputs = [] } == ["inputs[0]"])
        #expect(fields { $0.project = "prj_other" } == ["project"])
    }

    @Test func `code is compared file by file, and names as bytes`() {
        let old = Scenario.manifest()
        var new = old
        let first = old.core.files[0]
        let composed = CodeFile(path: "caf\u{e9}.py", mode: "0644", size: 1, digest: .zero)
        let decomposed = CodeFile(path: "cafe\u{301}.py", mode: "0644", size: 1, digest: .zero)
        var before = old
        before.core.files.append(composed)
        new.core.files = [
            CodeFile(path: first.path, mode: "0755", size: first.size, digest: first.digest), decomposed,
        ]
        let difference = PlanDifference(from: before, to: new)
        #expect(difference.changes.contains { $0.field == "core.files \(first.path)" })
        #expect(!difference.files.contains(first.path), "its mode changed, not its bytes")
        #expect(difference.files.count { $0.utf8.elementsEqual(composed.path.utf8) } == 1)
        #expect(difference.files.count { $0.utf8.elementsEqual(decomposed.path.utf8) } == 1)
    }
}
