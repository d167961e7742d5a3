import Foundation
import GloveboxCore
import GloveboxPrivacy
import Testing

/// Where opendp, dp-accounting and diffprivlib are on this host.
enum ReferenceTool {
    static var python: String? {
        guard let tools = ProcessInfo.processInfo.environment["GLOVEBOX_THIRD_PARTY"] else { return nil }
        let python = tools + "/dp/bin/python"
        return FileManager.default.isExecutableFile(atPath: python) ? python : nil
    }
}

/// Random parameters, with what other libraries make of them.
@Suite(
    .enabled(if: ReferenceTool.python != nil, "GLOVEBOX_THIRD_PARTY is not set or holds no opendp; Deploy/test sets it")
)
struct ReferenceTests {
    struct Cases: Codable {
        let gaussian: [Double]
        let laplace: [Double]
        let zcdp: [[Double]]
        let training: [[Double]]
        let draws: Int
    }

    struct Answers: Codable {
        /// ε, and the divergence of all steps, at the whole orders 2 to 63.
        struct Training: Codable {
            let epsilon: Double
            let divergences: [Double]
        }

        struct Noise: Codable {
            let rho: Double?
            let epsilon: Double?
            let draws: [Int]
            let others: [Int]?
        }

        let gaussian: [Noise]
        let laplace: [Noise]
        let zcdp: [Double]
        let training: [Training]
    }

    static func answers(_ cases: Cases) throws -> Answers {
        let folder = FileManager.default.temporaryDirectory.appending(path: "reference-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        try JSONEncoder().encode(cases).write(to: folder.appending(path: "cases.json"))
        let process = Process()
        process.executableURL = URL(filePath: try #require(ReferenceTool.python))
        let script = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        process.arguments = [script.appending(path: "ThirdParty/dp-reference").path, "cases.json"]
        process.currentDirectoryURL = folder
        process.environment = ["HOME": folder.path]
        let pipe = Pipe()
        process.standardOutput = pipe
        process.standardError = FileHandle.nullDevice
        try process.run()
        let output = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        try #require(process.terminationStatus == 0)
        return try JSONDecoder().decode(Answers.self, from: output)
    }

    /// The greatest distance of two empirical distributions, and what one law exceeds with probability 10^-9
    /// (Kolmogorov and Smirnov; steps make it less).
    static func distance(_ a: [Int], _ b: [Int]) -> (found: Double, limit: Double) {
        let (x, y) = (a.sorted(), b.sorted())
        var (i, j, most) = (0, 0, 0.0)
        while i < x.count, j < y.count {
            let value = min(x[i], y[j])
            while i < x.count, x[i] == value { i += 1 }
            while j < y.count, y[j] == value { j += 1 }
            most = max(most, abs(Double(i) / Double(x.count) - Double(j) / Double(y.count)))
        }
        let n = Double(x.count * y.count) / Double(x.count + y.count)
        return (most, (log(2 / 1e-9) / 2 / n).squareRoot())
    }

    @Test func `noise and accounts agree with opendp, dp-accounting and diffprivlib`() throws {
        let rounds = Laws.isLong ? 40 : 4
        func range(_ low: Double, _ high: Double) -> Double { exp(Double.random(in: log(low)...log(high))) }
        // Scales are eighths, so that the squares are exact.
        let eighths = (0..<rounds).map { _ in Int(range(8, 800)) }
        let cases = Cases(
            gaussian: eighths.map { Double($0) / 8 },
            laplace: eighths.map { Double($0) / 8 },
            zcdp: (0..<8 * rounds).map { _ in [range(0.001, 4), range(1e-9, 1e-3)] },
            training: (0..<2 * rounds).map { _ in
                [range(0.001, 0.2), range(0.7, 6), range(1, 3000).rounded(), range(1e-8, 1e-4)]
            },
            draws: 4000
        )
        let theirs = try Self.answers(cases)
        var sampler = Sampler(SystemRandom())
        for (eighth, answer) in zip(eighths, theirs.gaussian) {
            let variance = try GaussianVariance(atLeast: UInt128(eighth * eighth), 64)
            let rho = Double(try Rho(atLeast: variance.denominator, 2 * variance.numerator).units) / 1e12
            let published = try #require(answer.rho)
            #expect(abs(rho - published) <= 1e-6 * published + 1e-12, "\(eighth)/8: \(rho), opendp \(published)")
            let ours = try (0..<cases.draws).map { _ in Int(try sampler.gaussian(variance)) }
            let apart = Self.distance(ours, answer.draws)
            #expect(apart.found <= apart.limit, "Gaussian of scale \(eighth)/8: \(apart)")
        }
        for (eighth, answer) in zip(eighths, theirs.laplace) {
            let scale = try LaplaceScale(atLeast: UInt128(eighth), 8)
            let epsilon = Double(scale.denominator) / Double(scale.numerator)
            let published = try #require(answer.epsilon)
            #expect(abs(epsilon - published) <= 1e-9 * published)
            let ours = try (0..<cases.draws).map { _ in Int(try sampler.laplace(scale)) }
            for draws in [answer.draws, try #require(answer.others)] {
                let apart = Self.distance(ours, draws)
                #expect(apart.found <= apart.limit, "Laplace of scale \(eighth)/8: \(apart)")
            }
        }
        for (pair, published) in zip(cases.zcdp, theirs.zcdp) {
            let ours = PrivacyLoss.epsilon(rho: pair[0], delta: pair[1])
            #expect(
                ours >= published * (1 - 1e-6) && ours <= published * 1.001 + 1e-5,
                "\(pair): \(ours), opendp \(published)"
            )
        }
        for (claim, published) in zip(cases.training, theirs.training) {
            let ours = try TrainingClaim(rate: claim[0], noise: claim[1], steps: Int(claim[2]))
            #expect(published.divergences.count == 62)
            for (order, theirs) in zip(2...63, published.divergences) {
                let value = ours.divergence(order: Double(order)) * claim[2]
                #expect(abs(value - theirs) <= theirs * 1e-6 + 1e-12, "\(claim), order \(order)")
            }
            // More orders give the same bound or a smaller one.
            let epsilon = ours.epsilon(delta: claim[3]).epsilon
            #expect(epsilon <= published.epsilon * (1 + 1e-6) + 1e-5, "\(claim): \(epsilon), \(published.epsilon)")
            #expect(epsilon > 0)
        }
        // A law of half the scale would be told apart with these draws.
        let half = try LaplaceScale(atLeast: UInt128(eighths[0]), 16)
        let wrong = try (0..<cases.draws).map { _ in Int(try sampler.laplace(half)) }
        let apart = Self.distance(wrong, theirs.laplace[0].draws)
        #expect(apart.found > apart.limit)
    }
}
