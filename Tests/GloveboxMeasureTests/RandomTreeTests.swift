import GloveboxCore
import Testing

@testable import GloveboxMeasure

/// Random trees, measured by Glovebox and by tools that know nothing of it.
struct RandomTreeTests {
    static let trees = 1000

    /// A generator with a seed, so that a failure can be seen again (SplitMix64).
    struct Seeded: RandomNumberGenerator {
        var state: UInt64
        mutating func next() -> UInt64 {
            state &+= 0x9e37_79b9_7f4a_7c15
            var mixed = state
            mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
            mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
            return mixed ^ (mixed >> 31)
        }
    }

    /// Names that sort differently as bytes, as text, and as git sorts directories.
    static let names = [
        "a", "a.b", "a-b", "a0", "ab", "B", "zeta", "é", "ö.txt", "日本", "한글", "😀", " ", "x y", "'q'", "\"", "$HOME",
        "*", "-rf", ".hidden", ".gitignore", ".gitattributes", "ﬁ", "Ω", "ǆ", "#", "~", "a\u{200d}b", "İ",
    ]

    static func fill(_ depth: Int, _ random: inout Seeded) -> [String] {
        var lines: [String] = []
        for name in names.shuffled(using: &random).prefix(Int.random(in: depth == 0 ? 2...7 : 0...5, using: &random)) {
            let quoted =
                "'" + name.split(separator: "'", omittingEmptySubsequences: false).joined(separator: #"'\''"#) + "'"
            switch Int.random(in: 0..<(depth < 3 ? 10 : 7), using: &random) {
            case 0: lines.append("ln -s -- ./ ./\(quoted)")
            case 1:
                lines.append(
                    "printf '#!/bin/sh\\r\\n' >./\(quoted); chmod 7\([0, 5].randomElement(using: &random) ?? 0)0 ./\(quoted)"
                )
            case 2: lines.append(": >./\(quoted)")
            case 3...6:
                let size = Int.random(in: 0...300_000, using: &random) >> Int.random(in: 0...14, using: &random)
                lines.append("head -c \(size) /dev/urandom >./\(quoted)")
            default:
                lines += ["mkdir -p -- ./\(quoted); cd ./\(quoted)"] + fill(depth + 1, &random) + ["cd .."]
            }
        }
        return lines
    }

    @Test(.enabled(if: Scratch.has("git"), "git is not installed"))
    func `agrees with git, coreutils and Python on random trees`() throws {
        let (scratch, ours) = try measureAll(seed: 1)
        let list = ours.map { scratch.path + "/" + $0.name }
        let git = try Scratch.run(Recipes.git, list).split(separator: "\n").map(String.init)
        #expect(git == ours.map(\.measured.gitTreeSha256.hex))
        let sums = try Scratch.run(Recipes.dirHash, list).split(separator: "\n").map(String.init)
        #expect(sums == ours.map(\.measured.dirHash.hex))
        let python = try Scratch.run(Recipes.python, list).split(separator: "\n").map(String.init)
        #expect(python == ours.map(\.measured.narSha256.hex))
    }

    @Test(.enabled(if: Scratch.has("nix-hash"), "nix-hash is not installed"))
    func `agrees with Nix on random trees`() throws {
        let (scratch, ours) = try measureAll(seed: 2)
        let list = ours.map { scratch.path + "/" + $0.name }
        let nix = try Scratch.run(Recipes.nix, list).split(separator: "\n").map(String.init)
        #expect(nix == ours.map(\.measured.narSha256.hex))
    }

    private func measureAll(seed: UInt64) throws -> (Scratch, [(name: String, measured: CodeMeasurement)]) {
        var random = Seeded(state: seed)
        let scratch = try Scratch()
        // In pieces: a script is one argument, and an argument has a greatest length.
        for start in stride(from: 0, to: Self.trees, by: 100) {
            var script = ["set -e"]
            for tree in start..<min(start + 100, Self.trees) {
                script += ["mkdir -p t\(tree)/code; cd t\(tree)/code; echo x >file"]
                script += Self.fill(0, &random) + ["cd ../.."]
            }
            try scratch.shell(script.joined(separator: "\n"))
        }
        var measured: [(String, CodeMeasurement)] = []
        for tree in 0..<Self.trees {
            measured.append(("t\(tree)", try CodeTree.measure(directory: "\(scratch.path)/t\(tree)/code")))
        }
        return (scratch, measured)
    }
}
