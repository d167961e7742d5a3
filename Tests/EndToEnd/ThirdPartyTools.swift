import TestSupport

/// What Tests/ThirdParty/prepare made.
enum ThirdPartyTools {
    private static let directory = TestPrograms.variable("GLOVEBOX_THIRD_PARTY") ?? ""
    static var arePrepared: Bool { !directory.isEmpty }

    static func tlog(_ place: String, _ vkey: String) throws -> TestPrograms.Outcome {
        try TestPrograms.run(directory + "/tlog", [place, vkey])
    }

    static func pymerkle(_ place: String) throws -> TestPrograms.Outcome {
        let script = TestPrograms.repository + "/Tests/ThirdParty/pymerkle-check"
        return try TestPrograms.run(directory + "/python/bin/python", [script, place])
    }
}
