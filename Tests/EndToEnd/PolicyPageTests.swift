import Glibc
import GloveboxLinux
import TestSupport
import Testing

/// The page of worked examples says what the programs print.
@Suite struct PolicyPageTests {
    @Test func `every example of the policy page prints what the page says`() throws {
        let page = try Descriptor.open(TestPrograms.repository + "/docs/policies.md", O_RDONLY).readAll(limit: 1 << 20)
        var examples: [(command: String, expected: [String])] = []
        var isInside = false
        for line in String(decoding: page, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false) {
            if line == "```" {
                isInside.toggle()
            } else if isInside, line.hasPrefix("$ ") {
                examples.append((String(line.dropFirst(2)), []))
            } else if isInside {
                examples[examples.count - 1].expected.append(String(line))
            }
        }
        #expect(examples.count > 15)
        for (command, expected) in examples {
            let words = command.split(separator: " ").map(String.init)
            let arguments = words.dropFirst().map { word in
                ["Policies/", "Tests/", "docs/"].contains { word.hasPrefix($0) }
                    ? TestPrograms.repository + "/" + word : word
            }
            let printed = try TestPrograms.run(words[0], arguments).output
                .replacing(TestPrograms.repository + "/", with: "").split(separator: "\n").map(String.init)
            #expect(printed.count == expected.count, "\(command): \(printed)")
            for (line, pattern) in zip(printed, expected) {
                let start = pattern.prefix { $0 != "…" }
                #expect(pattern.contains("…") ? line.hasPrefix(start) : line == pattern, "\(command): \(line)")
            }
        }
    }
}
