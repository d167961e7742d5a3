import Glibc
import GloveboxCore
import GloveboxLinux
import TestSupport
import Testing

/// The Python image, built from the archive.
@Suite(.serialized) struct ImageBuildTests {
    private static let recipe = TestPrograms.repository + "/Images/python"

    private func build(_ recipe: String, _ options: [String] = []) throws -> TestPrograms.Outcome {
        let store = try TestPrograms.scratch()
        return try TestPrograms.run("glovebox", ["image", "build", recipe, "--images", store, "--json"] + options)
    }

    private func digest(_ outcome: TestPrograms.Outcome) throws -> String {
        let line = try #require(outcome.output.split(separator: "\n").last { $0.hasPrefix("{") })
        return try #require(try JSONReader.read(Array(line.utf8))["digest"]?.string)
    }

    private static let canBuild = geteuid() == 0

    @Test(.enabled(if: canBuild, "building an image needs root here"))
    func `two builds of one recipe are byte-identical`() throws {
        let (first, second) = (try build(Self.recipe), try build(Self.recipe))
        #expect(first.status == 0 && second.status == 0, "\(first.output) \(second.output)")
        #expect(try digest(first) == digest(second))
    }

    @Test(.enabled(if: canBuild, "building an image needs root here"))
    func `a locked build refuses when the archive has another version, and names it`() throws {
        let copy = try TestPrograms.scratch()
        #expect(try TestPrograms.run("/bin/cp", ["-r", Self.recipe + "/.", copy]).status == 0)
        let lock = copy + "/lock.json"
        let text = String(decoding: try Descriptor.open(lock, O_RDONLY).readAll(limit: 1 << 20), as: UTF8.self)
        let version = try #require(text.firstMatch(of: #/"dpkg","version":"([^"]+)"/#)?.1)
        let old = text.replacing("\"dpkg\",\"version\":\"\(version)\"", with: "\"dpkg\",\"version\":\"0.0.1\"")
        try #require(old != text)
        try Descriptor.open(lock, O_WRONLY | O_TRUNC).write(Array(old.utf8))
        let outcome = try build(copy, ["--locked"])
        #expect(outcome.status != 0)
        #expect(outcome.output.contains("dpkg") && outcome.output.contains("0.0.1"), "\(outcome.output)")
    }
}
